-- Question: is a viewer-hour worth more under digital hosts, crude and like with like?
-- Columns: figure (crude, ATE, ATT, Mantel-Haenszel), human and digital (rates, weighted alike, money), difference (money),
--   strata (with both, count), human_hours and digital_hours (viewer-hours that it stands on), left_out (share of the
--   viewer-hours in strata with one kind).
WITH {{compare_strata}},
rated AS (
    SELECT toFloat64(human_net) AS net0, toFloat64(human_ms) AS n0, toFloat64(digital_net) AS net1, toFloat64(digital_ms) AS n1,
        least(n0, n1) > 0 AS comparable
    FROM strata
),
figures AS (
    SELECT place, figure, countIf(told) AS strata, sum(n0) AS all0, sum(n1) AS all1, sumIf(n0, told) AS told0,
        sumIf(n1, told) AS told1,
        multiIf(
            place > 1, sumIf(weight * net0 / n0, told) / sumIf(weight, told), all0 > 0, sum(net0) / greatest(all0, 1), NULL
        ) AS human_rate,
        multiIf(
            place > 1, sumIf(weight * net1 / n1, told) / sumIf(weight, told), all1 > 0, sum(net1) / greatest(all1, 1), NULL
        ) AS digital_rate
    FROM (
        SELECT *, weighing.1 AS place, weighing.2 AS figure, weighing.3 AS weight, comparable OR place = 1 AS told
        FROM rated
        ARRAY JOIN [
            (1, 'crude', toFloat64(1)),
            (2, 'stratified, all traffic (ATE)', n0 + n1),
            (3, 'stratified, digital traffic (ATT)', n1),
            (4, 'Mantel-Haenszel', n0 * n1 / (n0 + n1))
        ] AS weighing
    )
    GROUP BY place, figure
    HAVING place = 1 OR strata > 0
)
SELECT figure,
    toDecimal128(round(human_rate * 3600000), 4) / {{units}} AS human,
    toDecimal128(round(digital_rate * 3600000), 4) / {{units}} AS digital,
    toDecimal128(round((digital_rate - human_rate) * 3600000), 4) / {{units}} AS difference,
    if(place = 1, 1, toInt64(figures.strata)) AS strata,
    told0 / 3600000 AS human_hours,
    told1 / 3600000 AS digital_hours,
    if(place = 1, 0, 1 - (told0 + told1) / (all0 + all1)) AS left_out
FROM figures
ORDER BY place
