-- Fragment: script (sessions, variants by name and first start of the script chosen; IN makes a set of the sessions, has() would go
-- through them for every row); and the table outcomes, one row per viewer
-- whose window is over: number (of the variant that the hash gives, in equal shares), exposed_ms, saw_it (1 if that variant ran
-- where they were first exposed), orders and net (minor units, after refunds, of what was paid in the window from the exposure
-- on). Told as `hostledger experiment analyse --script` does.
-- ways: one row per session, when which variants ran (from, until in ms UTC, numbers of variants); spans: the same, cut so that
-- none overlap. looked: one row per viewer and session, moves: when somebody came (+1) or went (-1), in order, as ms x 4 + change
-- + 1; of one instant -1 comes first, so that whose coming was taken back was not there. happened: where a stay and a span meet
-- first, and what anybody paid (number 0); exposure: ms x 2, + 1 if another variant ran, so that the least is the first, and of
-- those one that was meant. Both are one table, and no join, because the two sides of a join are read one after the other.
-- Orders are read from the first start to the end of the window of whoever came last. What a statement costs here grows with the
-- people in the rooms of the script.
(
    SELECT (groupUniqArray(assumeNotNull(session_id)), arraySort(groupUniqArray(ifNull(variant, 'A'))), min(occurred_at))
    FROM roster_events
    WHERE type = 'script_started' AND script_id = ${script:sqlstring}
) AS script,
begun AS (
    SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id, occurred_at AS from_at,
        groupUniqArrayIf(toUInt64(indexOf(script.2, ifNull(variant, 'A'))), script_id = ${script:sqlstring}) AS running,
        leadInFrame(occurred_at, 1, toDateTime64(9000000000, 3, 'UTC')) OVER (
            PARTITION BY session_id, host_id ORDER BY occurred_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS next_at
    FROM roster_events
    WHERE type = 'script_started' AND session_id IN script.1
    GROUP BY session_id, host_id, occurred_at
),
ways AS (
    SELECT begun.session_id AS session_id,
        groupArray((
            toUnixTimestamp64Milli(begun.from_at), toUnixTimestamp64Milli(least(next_at, on_air.until_at)), running
        )) AS ways,
        arraySort(arrayDistinct(arrayConcat(ways.1, ways.2))) AS borders
    FROM begun
    INNER JOIN (
        SELECT session_id, host_id, started_at, ifNull(ended_at, toDateTime64(9000000000, 3, 'UTC')) AS until_at
        FROM shifts FINAL
    ) AS on_air ON begun.session_id = on_air.session_id AND begun.host_id = on_air.host_id
    WHERE notEmpty(running) AND on_air.started_at <= begun.from_at AND begun.from_at < on_air.until_at
    GROUP BY session_id
),
spans AS (
    SELECT session_id, span.1 AS begin_ms, span.2 AS end_ms, span.3 AS numbers
    FROM ways
    ARRAY JOIN arrayFilter(span -> notEmpty(span.3), arrayMap(
        (from_ms, until_ms) -> (from_ms, until_ms, arrayFlatten(arrayFilter(way -> way.1 <= from_ms AND from_ms < way.2, ways).3)),
        arrayPopBack(borders),
        arrayPopFront(borders)
    )) AS span
),
looked AS (
    SELECT viewer_id, toString(presence.session_id) AS session_id,
        arraySort(groupArray(toUnixTimestamp64Milli(at) * 4 + presence.change + 1)) AS moves
    FROM presence
    WHERE presence.session_id IN script.1
    GROUP BY viewer_id, session_id
),
stays AS (
    SELECT viewer_id, session_id, arrayMap(move -> intDiv(move, 4), moves) AS ats, from_ms, until_ms
    FROM looked
    ARRAY JOIN ats AS from_ms, arrayPushBack(arrayPopFront(ats), toInt64(9000000000000)) AS until_ms,
        arrayCumSum(move -> move % 4 - 1, moves) AS people
    WHERE people > 0
),
happened AS (
    SELECT viewer_id,
        1 + toUInt64(bitShiftRight(toUInt128(reinterpretAsUInt64(
            reverse(substring(SHA256(concat(${script:sqlstring}, char(31), viewer_id)), 1, 8))
        )) * length(script.2), 64)) AS number,
        2 * greatest(from_ms, begin_ms) + 1 - has(numbers, number) AS exposure, 0 AS paid_ms, 0 AS net
    FROM stays
    ASOF INNER JOIN spans ON stays.session_id = spans.session_id AND stays.from_ms < spans.end_ms
    WHERE begin_ms < until_ms
    UNION ALL
    SELECT viewer_id, 0, 0, toUnixTimestamp64Milli(ordered_at), greatest(amount_minor - ifNull(back.returned, 0), 0)
    FROM orders AS paid
    LEFT JOIN (
        SELECT order_id, sum(amount_minor) AS returned
        FROM refunds
        WHERE currency = ${currency:sqlstring}
        GROUP BY order_id
    ) AS back ON paid.order_id = back.order_id
    WHERE paid.currency = ${currency:sqlstring} AND paid.ordered_at >= script.3 AND paid.ordered_at < (
        SELECT max(ifNull(ended_at, toDateTime64(9000000000, 3, 'UTC'))) FROM shifts WHERE session_id IN script.1
    ) + toIntervalSecond(least(toInt64OrZero(${window:sqlstring}), 1000000000))
),
outcomes AS (
    SELECT max(happened.number) AS number, minIf(happened.exposure, happened.number > 0) AS exposure,
        intDiv(exposure, 2) AS exposed_ms,
        exposed_ms + 1000 * least(toInt64OrZero(${window:sqlstring}), 1000000000) AS until_ms, 1 - exposure % 2 AS saw_it,
        arrayFilter(
            order -> order.1 >= exposed_ms AND order.1 < until_ms,
            groupArrayIf((paid_ms, happened.net), happened.number = 0)
        ).2 AS counted,
        length(counted) AS orders, toInt64(arraySum(counted)) AS net
    FROM happened
    GROUP BY viewer_id
    HAVING number > 0 AND until_ms <= (SELECT toUnixTimestamp64Milli(max(newest_at)) FROM lanes)
)
