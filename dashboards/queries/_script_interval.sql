-- Fragment: the table judged: sums, whatever it holds, and lift, half (of its interval) and p out of sums of two arms: n0, y0, yy0
-- (viewers, outcome, its square; of the first variant), n1, y1, yy1 (of another), names; NULL while an arm has fewer than two, or
-- nothing varies. A normal mixture, 5 % shared by the comparisons (p is times their number), tightest at 5,000 viewers; the
-- variance is that of arms that vary alike, where that is greater: docs/METHODS.md, Script A/B.
judged AS (
    SELECT *, n0 + n1 AS pair, greatest(length(names) - 1, 1) AS comparisons, 0.05 / comparisons AS alpha,
        2 * log(1 / alpha) AS odds, 5000 / (odds + log(1 + odds)) AS rho,
        if(least(n0, n1) < 2, NULL, y1 / n1 - y0 / n0) AS lift,
        greatest(yy0 - y0 * y0 / n0, 0) AS left0, greatest(yy1 - y1 * y1 / n1, 0) AS left1,
        if(
            isNull(lift),
            NULL,
            greatest(left0 / (n0 - 1) / n0 + left1 / (n1 - 1) / n1, (left0 + left1) / (pair - 2) * (1 / n0 + 1 / n1))
        ) AS variance,
        if(variance > 0, sqrt(variance * (pair + rho) * log((pair + rho) / (rho * alpha * alpha)) / pair), NULL) AS half,
        if(
            variance > 0,
            least(
                comparisons * exp(-greatest(log(rho / (pair + rho)) / 2 + lift * lift * pair / variance / (2 * (pair + rho)), 0)),
                1
            ),
            if(isNull(lift), NULL, 1)
        ) AS p
    FROM sums
)
