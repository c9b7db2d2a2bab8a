-- Fragment: script (sessions, variants by name and first start of the script chosen; IN makes a set of the sessions, has() would go
-- through them for every row); and the table outcomes, one row per viewer
-- whose window is over: number (of the variant that the hash gives, in equal shares), exposed_ms, saw_it (1 if that variant ran
-- where they were first exposed), orders and net (minor units, after refunds, of what was paid in the window from the exposure
-- on). Told as `hostledger experiment analyse --script` does.
-- spans: when which variants ran (numbers), in order and apart; nth: of the session. happened: who came or went, and what anybody
-- paid (move 0). A moment is nth x 2^42 + ms UTC, so that one sorted list holds a viewer's moments of all sessions (up to 250,000;
-- no event is later than 2100); move: 8 times that, + 2 + the change, from -2 to 2: of one instant going comes first, so that
-- whose coming was taken back was not there; begin: of the span that runs then or next, 8 times its moment, + 1 if another
-- variant runs than the viewer's. It is never less for a later move, so the sorted begins lie beside the sorted moves. Both are
-- one table, and no join, because the two sides of a join are read one after the other.
-- viewers: exposure, the first time at which a stay (from a move to the next, here > 0) and a span meet: ms x 8, + 1 if another
-- variant ran. Orders are read from the first start to the end of the window of whoever came last. What a statement costs here
-- grows with the people in the rooms of the script.
(
    SELECT (groupUniqArray(assumeNotNull(session_id)), arraySort(groupUniqArray(ifNull(variant, 'A'))), min(occurred_at))
    FROM roster_events
    WHERE type = 'script_started' AND script_id = ${script:sqlstring}
) AS script,
spans AS (
    SELECT session_id, transform(session_id, script.1, arrayEnumerate(script.1), 0) AS nth,
        toUnixTimestamp64Milli(started_at) AS begin_ms,
        ifNull(toUnixTimestamp64Milli(ended_at), 4398046511103) AS end_ms,
        arrayMap(
            variant -> indexOf(script.2, variant), arrayFilter((_, id) -> id = ${script:sqlstring}, variants, script_ids)
        ) AS numbers
    FROM stretches FINAL
    WHERE session_id IN script.1 AND has(script_ids, ${script:sqlstring})
),
happened AS (
    SELECT viewer_id,
        1 + toUInt64(bitShiftRight(toUInt128(reinterpretAsUInt64(
            reverse(substring(SHA256(concat(${script:sqlstring}, char(31), viewer_id)), 1, 8))
        )) * length(script.2), 64)) AS number,
        8 * (nth * 4398046511104 + toUnixTimestamp64Milli(at)) + presence.change + 2 AS move,
        8 * (nth * 4398046511104 + begin_ms) + 1 - has(numbers, number) AS begin,
        0 AS paid_ms, 0 AS net
    FROM presence
    ASOF INNER JOIN spans
        ON presence.session_id = spans.session_id AND toUnixTimestamp64Milli(presence.at) < spans.end_ms
    WHERE presence.session_id IN script.1
    UNION ALL
    SELECT viewer_id, 0, 0, 0, toUnixTimestamp64Milli(ordered_at), greatest(amount_minor - ifNull(back.returned, 0), 0)
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
viewers AS (
    SELECT max(happened.number) AS number, arraySort(groupArrayIf(move, move > 0)) AS moves,
        groupArrayIf((paid_ms, happened.net), move = 0) AS paid,
        arrayMin(arrayMap(
            (move, next, here, begin) -> if(
                here > 0 AND begin < bitAnd(next, -8),
                greatest(bitAnd(move, -8) + begin % 8, begin) % 35184372088832,
                9000000000000000000
            ),
            moves,
            arrayPopFront(arrayPushBack(moves, 9000000000000000000)),
            arrayFlatten(arrayMap(
                part -> arrayCumSum(move -> move % 8 - 2, part),
                arraySplit(
                    (_, another) -> another != 0, moves, arrayDifference(arrayMap(move -> bitShiftRight(move, 45), moves))
                )
            )),
            arraySort(groupArrayIf(begin, move > 0))
        )) AS exposure
    FROM happened
    GROUP BY viewer_id
),
outcomes AS (
    SELECT number, intDiv(exposure, 8) AS exposed_ms,
        exposed_ms + 1000 * least(toInt64OrZero(${window:sqlstring}), 1000000000) AS until_ms, 1 - exposure % 8 AS saw_it,
        arrayFilter(order -> order.1 >= exposed_ms AND order.1 < until_ms, paid).2 AS counted,
        length(counted) AS orders, toInt64(arraySum(counted)) AS net
    FROM viewers
    WHERE number > 0 AND until_ms <= (SELECT toUnixTimestamp64Milli(max(newest_at)) FROM lanes)
)
