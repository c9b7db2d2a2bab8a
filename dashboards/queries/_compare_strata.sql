-- Fragment: the table strata: platform, hour (of the day, of the seller's zone), category, and for each kind net (minor units, of
-- what was sold then), watch_ms and sessions; told as `hostledger compare` does: a line-up counts for a kind if all of its
-- hosts are of it, credits for the kind of their account unless another line-up was on air, hand-overs to the whole minute.
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
    WHERE session_id IN (SELECT session_id FROM meant) AND {{in_sessions}}
),
changed AS (
    SELECT minutes.session_id AS session_id, pieces.from_s AS from_s, sum(minutes.change) AS change,
        sum(minutes.moments) AS moments
    FROM (
        SELECT session_id, toUInt32(minute) AS at_s, presence_minute.change AS change,
            presence_minute.change * toUnixTimestamp(minute) * 1000 + change_ms AS moments
        FROM presence_minute
    ) AS minutes
    ASOF INNER JOIN pieces ON minutes.session_id = pieces.session_id AND minutes.at_s >= pieces.from_s
    GROUP BY session_id, from_s
),
watched AS (
    SELECT pieces.session_id AS session_id, hour, arm,
        sum(changed.change) OVER (
            PARTITION BY pieces.session_id ORDER BY pieces.from_s ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) * toInt64(until_s - pieces.from_s) * 1000
            + changed.change * toInt64(until_s) * 1000 - changed.moments AS watch_ms
    FROM pieces
    LEFT JOIN changed ON pieces.session_id = changed.session_id AND pieces.from_s = changed.from_s
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
