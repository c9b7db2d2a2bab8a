-- Question: is a viewer-hour worth more under digital hosts, crude and like with like?
-- Columns: figure (crude, ATE, ATT, Mantel-Haenszel), human and digital (rates, weighted alike, money), difference (money),
--   strata (with both, count), human_hours and digital_hours (viewer-hours that it stands on), left_out (share of the
--   viewer-hours in strata with one kind).
WITH {{compare_strata}},
rated AS (
    SELECT toFloat64(human_net) / human_ms AS human_rate, toFloat64(digital_net) / digital_ms AS digital_rate,
        toFloat64(human_ms) AS n0, toFloat64(digital_ms) AS n1,
        (SELECT sum(human_ms + digital_ms) FROM strata) AS everything
    FROM strata
    WHERE human_ms > 0 AND digital_ms > 0
),
figures AS (
    SELECT 1 AS place, 'crude' AS figure,
        if(sum(human_ms) > 0, toFloat64(sum(human_net)) / greatest(sum(human_ms), 1), NULL) AS human_rate,
        if(sum(digital_ms) > 0, toFloat64(sum(digital_net)) / greatest(sum(digital_ms), 1), NULL) AS digital_rate,
        1 AS strata,
        toFloat64(sum(human_ms)) AS n0, toFloat64(sum(digital_ms)) AS n1, toFloat64(0) AS left_out
    FROM strata
    HAVING count() > 0
    UNION ALL
    SELECT weighing.1, weighing.2, sum(weighing.3 * rated.human_rate) / sum(weighing.3),
        sum(weighing.3 * rated.digital_rate) / sum(weighing.3), count(), sum(rated.n0), sum(rated.n1),
        1 - sum(rated.n0 + rated.n1) / any(everything)
    FROM rated
    ARRAY JOIN [
        (2, 'stratified, all traffic (ATE)', n0 + n1),
        (3, 'stratified, digital traffic (ATT)', n1),
        (4, 'Mantel-Haenszel', n0 * n1 / (n0 + n1))
    ] AS weighing
    GROUP BY weighing.1, weighing.2
)
SELECT figure,
    toDecimal128(round(human_rate * 3600000), 4) / {{units}} AS human,
    toDecimal128(round(digital_rate * 3600000), 4) / {{units}} AS digital,
    toDecimal128(round((digital_rate - human_rate) * 3600000), 4) / {{units}} AS difference,
    toInt64(strata) AS strata,
    n0 / 3600000 AS human_hours,
    n1 / 3600000 AS digital_hours,
    left_out
FROM figures
ORDER BY place
