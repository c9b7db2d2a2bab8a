-- Question: how did the lift of a script's variants stand after each viewer, and how sure was it?
-- Columns: time, line (a variant less the first by name, and the ends of its interval), value (per 1,000 viewers, money).
-- placed: whom the range leaves out counts too, before (side -1) or behind it (1); a point stands as its last viewer left it.
WITH {{script_viewers}},
placed AS (
    SELECT number, saw_it, orders, net, $__timeInterval(fromUnixTimestamp64Milli(exposed_ms, 'UTC')) AS point,
        multiIf(
            exposed_ms < toUnixTimestamp($__fromTime) * 1000, -1, exposed_ms > toUnixTimestamp($__toTime) * 1000, 1, 0
        ) AS side
    FROM outcomes
),
held AS (
    SELECT number, side, point, count() AS viewers, sum(saw_it) AS seers, sum(placed.orders) AS orders,
        sum(toInt128(placed.net)) AS net, groupArrayIf(toFloat64(placed.net), placed.net > 0) AS nets
    FROM placed
    GROUP BY number, side, point
),
{{script_tested}},
paired AS (
    SELECT names, arm, compared, toUInt8(arm.1 = compared) AS is_other
    FROM tested
    ARRAY JOIN if(blocked = '', arms, []) AS arm
    ARRAY JOIN arrayFilter(name -> arm.1 IN (names[1], name), arrayPopFront(names)) AS compared
),
sums AS (
    SELECT names, compared, arm.2 AS side, arm.3 AS point,
        sum(arm.4 * (1 - is_other)) OVER so_far AS n0, sum(arm.5 * (1 - is_other)) OVER so_far AS y0,
        sum(arm.6 * (1 - is_other)) OVER so_far AS yy0, sum(arm.4 * is_other) OVER so_far AS n1,
        sum(arm.5 * is_other) OVER so_far AS y1, sum(arm.6 * is_other) OVER so_far AS yy1
    FROM paired
    WINDOW so_far AS (PARTITION BY compared ORDER BY side, point)
),
{{script_interval}},
points AS (
    SELECT DISTINCT compared, point, lift, half
    FROM judged
    WHERE side = 0
)
SELECT toDateTime(point, 'UTC') AS time, concat(compared, shown.1) AS line,
    toDecimal128(round(assumeNotNull(shown.2) * 1000), 4) / {{units}} AS value
FROM points
ARRAY JOIN [(': lift', points.lift), (': at least', points.lift - half), (': at most', points.lift + half)] AS shown
WHERE isNotNull(shown.2)
ORDER BY time, line
