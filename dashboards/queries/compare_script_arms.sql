-- Question: what did each variant of a script bring, and may they be compared?
-- Columns: variant, verdict (in words), viewers (exposed, their window over), meant and size (shares), saw (share of all viewers
--   for whom the variant of the hash ran), sample_p (of the sizes), buyers, net (money, exact), per_1000 (of 1,000 viewers, capped,
--   money), lift, low, high (of 1,000 viewers, money), p.
WITH {{script_viewers}},
sold AS (
    SELECT variant, count() AS viewers, sum(outcome) AS y, sum(outcome * outcome) AS yy, sum(toInt128(tested.net)) AS net_sum,
        countIf(tested.net > 0) AS buyers, any(tested.everybody) AS all_, any(tested.saw) AS saw_, any(tested.sample_p) AS sizes_,
        any(tested.blocked) AS why_
    FROM tested
    GROUP BY variant
),
sums AS (
    SELECT listed.name AS name, names, viewers AS n1, y AS y1, yy AS yy1, net_sum, buyers,
        max(all_) OVER () AS all_viewers, max(saw_) OVER () AS all_saw, max(sizes_) OVER () AS sizes_p, max(why_) OVER () AS why,
        first_value(viewers) OVER by_name AS n0, first_value(y) OVER by_name AS y0, first_value(yy) OVER by_name AS yy0
    FROM (SELECT arrayJoin(variants) AS name, variants AS names FROM meant) AS listed
    LEFT JOIN sold ON listed.name = sold.variant
    WINDOW by_name AS (ORDER BY listed.name ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
compared AS (
    SELECT *, {{script_interval}}, multiIf(why != '', false, all_viewers = 0, false, name != names[1]) AS open,
        if(open, isNotNull(half), false) AS sure, {{units}} AS unit
    FROM sums
)
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
        ifNull(compared.p, 1) > 0.05, concat('Not told apart from ', names[1], ' so far.'),
        compared.lift > 0, concat('Brings more than ', names[1], '.'),
        concat('Brings less than ', names[1], '.')
    ) AS verdict,
    toInt64(n1) AS viewers, 1 / length(names) AS meant, if(all_viewers > 0, n1 / all_viewers, NULL) AS size,
    if(all_viewers > 0, all_saw, NULL) AS saw, multiIf(all_viewers = 0, NULL, length(names) < 2, NULL, sizes_p) AS sample_p,
    toInt64(buyers) AS buyers,
    toDecimal128(net_sum, 4) / unit AS net,
    if(n1 > 0, toDecimal128(round(y1 / n1 * 1000), 4) / unit, NULL) AS per_1000,
    if(open, toDecimal128(round(assumeNotNull(compared.lift) * 1000), 4) / unit, NULL) AS lift,
    if(sure, toDecimal128(round((assumeNotNull(compared.lift) - assumeNotNull(half)) * 1000), 4) / unit, NULL) AS low,
    if(sure, toDecimal128(round((assumeNotNull(compared.lift) + assumeNotNull(half)) * 1000), 4) / unit, NULL) AS high,
    if(open, compared.p, NULL) AS p
FROM compared
ORDER BY variant
