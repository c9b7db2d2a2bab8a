-- Question: how did the lift of a script's variants stand after each viewer, and how sure was it?
-- Columns: time, line (a variant less the first by name, and the ends of its interval), value (per 1,000 viewers, money).
WITH {{script_viewers}},
sums AS (
    SELECT compared, exposed_at, viewer_id, names,
        sum(variant != compared) OVER so_far AS n0, sum(variant = compared) OVER so_far AS n1,
        sum(outcome * (variant != compared)) OVER so_far AS y0, sum(outcome * (variant = compared)) OVER so_far AS y1,
        sum(outcome * outcome * (variant != compared)) OVER so_far AS yy0,
        sum(outcome * outcome * (variant = compared)) OVER so_far AS yy1
    FROM tested
    ARRAY JOIN arrayFilter(name -> variant IN (names[1], name), arrayPopFront(names)) AS compared
    WHERE blocked = ''
    WINDOW so_far AS (
        PARTITION BY compared ORDER BY exposed_at, viewer_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),
looks AS (
    SELECT compared, exposed_at, viewer_id, {{script_interval}}
    FROM sums
),
points AS (
    SELECT $__timeInterval(exposed_at) AS point, compared, argMax(tuple(lift, half), (exposed_at, viewer_id)) AS stood
    FROM looks
    WHERE isNotNull(lift) AND $__timeFilter(exposed_at)
    GROUP BY point, compared
)
SELECT toDateTime(point, 'UTC') AS time, concat(compared, shown.1) AS line,
    toDecimal128(round(assumeNotNull(shown.2) * 1000), 4) / {{units}} AS value
FROM points
ARRAY JOIN [(': lift', stood.1), (': at least', stood.1 - stood.2), (': at most', stood.1 + stood.2)] AS shown
WHERE isNotNull(shown.2)
ORDER BY time, line
