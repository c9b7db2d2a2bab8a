-- Question: is a viewer-hour worth more under digital hosts, crude and like with like?
-- Columns: figure (crude, ATE, ATT, Mantel-Haenszel), human and digital (rates, weighted alike, money), difference (money),
--   strata (with both, count), human_hours and digital_hours (viewer-hours that it stands on), left_out (share of the
--   viewer-hours in strata with one kind).
-- rated: a stratum with one kind weighs nothing. sums: of all strata at once, for what adds up costs more to plan than to add:
-- net and time of either kind; strata with both, and their time; weights; weighted rates of either kind. The figures stand in the
-- order of their places, as in the one row of summed.
WITH {{compare_strata}},
rated AS (
    SELECT toFloat64(human_net) AS net0, toFloat64(human_ms) AS n0, toFloat64(digital_net) AS net1, toFloat64(digital_ms) AS n1,
        if(least(n0, n1) > 0, 1, 0) AS told,
        arrayMap(weight -> if(told > 0, weight, 0), [n0 + n1, n1, n0 * n1 / (n0 + n1)]) AS weights
    FROM strata
),
summed AS (
    SELECT sumForEach(arrayConcat(
        [net0, n0, net1, n1, told, told * n0, told * n1],
        weights,
        arrayMap(weight -> weight * net0 / greatest(n0, 1), weights),
        arrayMap(weight -> weight * net1 / greatest(n1, 1), weights)
    )) AS sums
    FROM rated
),
figures AS (
    SELECT sums, place,
        multiIf(place > 1, sums[9 + place] / sums[6 + place], sums[2] > 0, sums[1] / greatest(sums[2], 1), NULL) AS human_rate,
        multiIf(place > 1, sums[12 + place] / sums[6 + place], sums[4] > 0, sums[3] / greatest(sums[4], 1), NULL) AS digital_rate
    FROM summed
    ARRAY JOIN multiIf(empty(sums), [], sums[5] = 0, [1], [1, 2, 3, 4]) AS place
)
SELECT ['crude', 'stratified, all traffic (ATE)', 'stratified, digital traffic (ATT)', 'Mantel-Haenszel'][place] AS figure,
    toDecimal128(round(human_rate * 3600000), 4) / {{units}} AS human,
    toDecimal128(round(digital_rate * 3600000), 4) / {{units}} AS digital,
    toDecimal128(round((digital_rate - human_rate) * 3600000), 4) / {{units}} AS difference,
    if(place = 1, 1, toInt64(sums[5])) AS strata,
    if(place = 1, sums[2], sums[6]) / 3600000 AS human_hours,
    if(place = 1, sums[4], sums[7]) / 3600000 AS digital_hours,
    if(place = 1, 0, 1 - (sums[6] + sums[7]) / (sums[2] + sums[4])) AS left_out
FROM figures
