-- Question: what did each variant of a script bring, and may they be compared?
-- Columns: variant, verdict (in words), viewers (exposed, their window over), meant and size (shares), saw (share of all viewers
--   for whom the variant of the hash ran), sample_p (of the sizes), buyers, net (money, exact), per_1000 (of 1,000 viewers, capped,
--   money), lift, low, high (of 1,000 viewers, money), p. Variants stand in the order of their names, as in the one row of tested.
WITH {{script_viewers}},
held AS (
    SELECT number, 0 AS side, 0 AS point,
        count() AS viewers, sum(saw_it) AS seers, sum(outcomes.orders) AS orders, sum(toInt128(outcomes.net)) AS net,
        groupArrayIf(toFloat64(outcomes.net), outcomes.net > 0) AS nets
    FROM outcomes
    GROUP BY number
),
{{script_tested}},
sums AS (
    SELECT name, names, everybody AS all_viewers, saw AS all_saw, sample_p AS sizes_p, blocked AS why,
        arrayFirst(arm -> arm.1 = name, arms) AS own, arrayFirst(arm -> arm.1 = names[1], arms) AS other,
        own.4 AS n1, own.5 AS y1, own.6 AS yy1, own.7 AS net_sum, own.8 AS bought, other.4 AS n0, other.5 AS y0, other.6 AS yy0
    FROM tested
    ARRAY JOIN names AS name
),
{{script_interval}},
multiIf(why != '', false, all_viewers = 0, false, name != names[1]) AS open,
if(open, isNotNull(half), false) AS sure,
{{units}} AS unit
SELECT name AS variant,
    multiIf(
        length(names) < 2, 'Only one variant ran; there is nothing to compare.',
        all_viewers = 0, 'Nobody was exposed for the whole window yet; wait, or choose a shorter one.',
        why = 'sizes', 'BLOCKED: the arms are not as large as meant. Something else than the hash chose who is in which.',
        why = 'hash', 'BLOCKED: too few saw the variant that the hash gives them, so it did not choose.',
        why = 'few', 'An arm has fewer than two viewers; wait.',
        why = 'unsold', concat(
            'Nobody bought in ', ${currency:sqlstring}, ' in the time chosen; choose another currency or time, or wait.'
        ),
        name = names[1], 'The others are compared with this one.',
        ifNull(judged.p, 1) > 0.05, concat('Not told apart from ', names[1], ' so far.'),
        judged.lift > 0, concat('Brings more than ', names[1], '.'),
        concat('Brings less than ', names[1], '.')
    ) AS verdict,
    toInt64(n1) AS viewers, 1 / length(names) AS meant, if(all_viewers > 0, n1 / all_viewers, NULL) AS size,
    if(all_viewers > 0, all_saw, NULL) AS saw, multiIf(all_viewers = 0, NULL, length(names) < 2, NULL, sizes_p) AS sample_p,
    toInt64(bought) AS buyers,
    toDecimal128(net_sum, 4) / unit AS net,
    if(n1 > 0, toDecimal128(round(y1 / n1 * 1000), 4) / unit, NULL) AS per_1000,
    if(open, toDecimal128(round(assumeNotNull(judged.lift) * 1000), 4) / unit, NULL) AS lift,
    if(sure, toDecimal128(round((assumeNotNull(judged.lift) - assumeNotNull(half)) * 1000), 4) / unit, NULL) AS low,
    if(sure, toDecimal128(round((assumeNotNull(judged.lift) + assumeNotNull(half)) * 1000), 4) / unit, NULL) AS high,
    if(open, judged.p, NULL) AS p
FROM judged
