-- Question: how did the lift of a script's variants stand after each viewer, and how sure was it?
-- Columns: time, line (a variant less the first by name, and the ends of its interval), value (per 1,000 viewers, money).
-- told: each value once and in order, as one list, for that costs less here than DISTINCT and ORDER BY.
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
    SELECT names, compared, arm.2 AS side, arm.3 AS point,
        sumForEach(arrayResize(
            arrayConcat(arrayResize([toFloat64(0)], if(arm.1 = compared, 3, 0)), [toFloat64(arm.4), arm.5, arm.6]), 6
        )) OVER (PARTITION BY compared ORDER BY side, point) AS so_far
    FROM tested
    ARRAY JOIN if(blocked = '', arms, []) AS arm
    ARRAY JOIN arrayFilter(name -> arm.1 IN (names[1], name), arrayPopFront(names)) AS compared
),
sums AS (
    SELECT names, compared, point, so_far[1] AS n0, so_far[2] AS y0, so_far[3] AS yy0, so_far[4] AS n1, so_far[5] AS y1,
        so_far[6] AS yy1
    FROM paired
    WHERE side = 0
),
{{script_interval}}
SELECT told.1 AS time, told.2 AS line, toDecimal128(told.3, 4) / {{units}} AS value
FROM (
    SELECT arrayJoin(arraySort(groupUniqArray(
            (toDateTime(point, 'UTC'), concat(compared, shown.1), round(assumeNotNull(shown.2) * 1000))
        ))) AS told
    FROM judged
    ARRAY JOIN [(': lift', judged.lift), (': at least', judged.lift - half), (': at most', judged.lift + half)] AS shown
    WHERE isNotNull(shown.2)
)
