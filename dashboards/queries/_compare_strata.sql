-- Fragment: the table strata: platform, hour (of the day, of the seller's zone), category, and for each kind net (minor units, of
-- what was sold then), watch_ms and sessions; told as `hostledger compare` does: a line-up counts for a kind if all of its
-- hosts are of it, credits for the kind of their account unless another line-up was on air, hand-overs to the whole minute.
-- aired: sessions with a shift that may have an hour in the range; rooms, came: their pieces and minutes as arrays in order.
selling AS (
    SELECT DISTINCT toString(session_id) AS session_id
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND session_id != ''
),
meant AS (
    SELECT session_id FROM selling
    UNION DISTINCT
    SELECT assumeNotNull(sessions.session_id) FROM sessions WHERE seller_id IN (
        SELECT seller_id FROM sessions WHERE session_id IN (SELECT session_id FROM selling)
    )
),
aired AS (
    SELECT session_id FROM shifts
    WHERE started_at - INTERVAL 1 hour < $__toTime AND (isNull(ended_at) OR ended_at + INTERVAL 1 minute > $__fromTime)
        AND session_id IN (SELECT session_id FROM meant) AND {{in_sessions}}
),
pieces AS (
    SELECT line_ups.session_id AS session_id, toUInt32(greatest(toUInt32(start_at), hour)) AS from_s,
        if(hour = 0, toUInt32(end_at), toUInt32(least(toUInt32(end_at), hour + 3600))) AS until_s, hour,
        multiIf(empty(kinds), 'none', length(arrayDistinct(kinds)) = 1, kinds[1], 'mixed') AS arm
    FROM line_ups
    ARRAY JOIN if(
        toUInt32(start_at) = 0,
        [toUInt32(0)],
        range(
            toUInt32(toStartOfHour(start_at, ${zone:sqlstring})),
            greatest(toUInt32(end_at), toUInt32(start_at) + 1),
            3600
        )
    ) AS hour
    WHERE session_id IN (SELECT session_id FROM aired)
),
rooms AS (
    SELECT session_id, arraySort(groupArray((from_s, until_s, hour, arm))) AS stretches,
        arrayMap(stretch -> stretch.1, stretches) AS starts
    FROM pieces
    GROUP BY session_id
),
came AS (
    SELECT session_id, groupArray(toUInt32(minute)) AS found, arraySort(found) AS minutes,
        arraySort((change, at_s) -> at_s, groupArray(presence_minute.change), found) AS changes,
        arraySort(
            (moment, at_s) -> at_s, groupArray(presence_minute.change * toUnixTimestamp(minute) * 1000 + change_ms), found
        ) AS moments
    FROM presence_minute
    WHERE session_id IN (SELECT session_id FROM aired)
    GROUP BY session_id
),
changed AS (
    SELECT rooms.session_id AS session_id, stretches,
        arrayMap(start -> toUInt64(arrayCount(at_s -> at_s < start, minutes)), starts) AS before,
        arrayMap(
            (first, next) -> (first + 1, toUInt64(next - first)),
            before,
            arrayPushBack(arrayPopFront(before), length(minutes))
        ) AS places,
        arrayReduceInRanges('sum', places, came.changes) AS changes,
        arrayReduceInRanges('sum', places, came.moments) AS moments
    FROM came
    RIGHT JOIN rooms ON came.session_id = rooms.session_id
),
watched AS (
    SELECT session_id, stretch.3 AS hour, stretch.4 AS arm,
        (people_after - change) * toInt64(stretch.2 - stretch.1) * 1000 + change * toInt64(stretch.2) * 1000 - moment
            AS watch_ms
    FROM changed
    ARRAY JOIN stretches AS stretch, changes AS change, moments AS moment, arrayCumSum(changes) AS people_after
),
booked AS (
    SELECT session_id, host_id, toUInt32(minute) AS at_s, revenue_minute.gross AS amount
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
    UNION ALL
    SELECT session_id, host_id, toUInt32(minute), -returns_minute.refunds
    FROM returns_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
),
earned AS (
    SELECT toString(booked.session_id) AS session_id, toString(booked.host_id) AS host_id, pieces.from_s AS from_s,
        any(pieces.hour) AS hour, any(pieces.arm) AS on_air, sum(booked.amount) AS net
    FROM booked
    ASOF INNER JOIN pieces ON booked.session_id = pieces.session_id AND booked.at_s >= pieces.from_s
    GROUP BY session_id, host_id, from_s
),
cells AS (
    SELECT session_id, hour, arm, toInt128(0) AS net, watch_ms FROM watched
    UNION ALL
    SELECT earned.session_id, earned.hour, if(on_air IN ('mixed', 'unknown'), on_air, toString(host_kinds.kind)), net, 0
    FROM earned
    ASOF LEFT JOIN host_kinds
        ON earned.host_id = host_kinds.host_id AND toDateTime64(earned.from_s + 30, 3, 'UTC') >= host_kinds.from_at
),
strata AS (
    SELECT coalesce(nullIf(toString(sessions.platform), ''), 'not told') AS platform,
        concat(leftPad(toString(toHour(toDateTime(cells.hour), ${zone:sqlstring})), 2, '0'), ':00') AS hour,
        coalesce(nullIf(sessions.category, ''), 'not told') AS category,
        sumIf(cells.net, arm = 'human') AS human_net, sumIf(cells.watch_ms, arm = 'human') AS human_ms,
        sumIf(cells.net, arm = 'digital') AS digital_net, sumIf(cells.watch_ms, arm = 'digital') AS digital_ms,
        uniqExactIf(cells.session_id, arm = 'human') AS human_sessions,
        uniqExactIf(cells.session_id, arm = 'digital') AS digital_sessions
    FROM cells
    LEFT JOIN sessions ON cells.session_id = sessions.session_id
    WHERE arm IN ('human', 'digital') AND (cells.net != 0 OR cells.watch_ms != 0) AND cells.hour > 0
        AND $__timeFilter(toDateTime(cells.hour, 'UTC'))
    GROUP BY platform, hour, category
)
