-- Fragment, behind script_viewers and a table held, some rows for each variant (number, of the variant; side, point, viewers,
-- seers, orders, net, nets of those who bought): the table tested, one row: names (of the variants), arms (of each row of held:
-- variant, side, point, viewers, sum of outcomes, sum of their squares, net, buyers), everybody (viewers), saw (share for whom
-- their variant ran where they were first exposed), sample_p (chi-square test of the sizes), blocked ('' or why nothing may be
-- compared). An outcome is a viewer's net, capped at the 99th percentile of those who bought.
summed AS (
    SELECT script.2 AS names, length(names) AS variants, (variants - 1) % 2 / 2 AS odd,
        groupArray((number, side, point, viewers, held.net, nets)) AS rows, sum(viewers) AS everybody,
        sum(seers) / everybody AS saw, sum(held.orders) AS orders, sumMap([number], [viewers]).2 AS sizes,
        (variants * arraySum(size -> size * size, sizes) / everybody - everybody) / 2 AS half_chi2,
        quantileExactInclusiveArray(0.99)(nets) AS cap
    FROM held
),
tested AS (
    SELECT names, everybody, saw,
        arrayMap(
            row -> (
                names[row.1], row.2, row.3, row.4, arraySum(net -> least(net, cap), row.6),
                arraySum(net -> pow(least(net, cap), 2), row.6), row.5, length(row.6)
            ),
            rows
        ) AS arms,
        if(odd > 0, erfc(sqrt(half_chi2)), 0.) + exp(-half_chi2) * arraySum(
            i -> pow(half_chi2, i + odd) / tgamma(i + odd + 1), range(toUInt64(intDiv(variants - 1, 2)))
        ) AS sample_p,
        multiIf(
            variants < 2, 'one', everybody = 0, '', sample_p < 0.001, 'sizes', saw < 0.9, 'hash', length(sizes) < variants, 'few',
            arrayMin(sizes) < 2, 'few', orders = 0, 'unsold', ''
        ) AS blocked
    FROM summed
)
