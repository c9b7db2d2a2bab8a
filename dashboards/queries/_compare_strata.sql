-- Fragment: the table strata: platform, hour (of the day, of the seller's zone), category, and for each kind net (minor units, of
-- what was sold then), watch_ms and sessions; told as `hostledger compare` does: a line-up counts for a kind if all of its
-- hosts are of it, credits for the kind of their account unless another line-up was on air, hand-overs to the whole minute.
-- meant: sessions that sell, and those of their sellers; pieces: who was on air, cut at hours; seen: the beginnings of pieces,
-- people and credits as rows, which fall to the last piece begun; a join would have to be planned with all that is joined.
-- People are read of all rooms with a shift near the range, for those without a piece count nowhere; aired would be read twice.
selling AS (
    SELECT DISTINCT toString(session_id) AS session_id
    FROM revenue_day
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND session_id != ''
),
kinds AS (
    SELECT host_id, kind, if(row_number() OVER of_host = 1, toDateTime64(0, 3, 'UTC'), from_at) AS kind_from,
        leadInFrame(from_at, 1, toDateTime64(9000000000, 3, 'UTC')) OVER of_host AS kind_until
    FROM roster_kinds FINAL
    WHERE from_at != toDateTime64(0, 3, 'UTC')
    WINDOW of_host AS (
        PARTITION BY host_id ORDER BY from_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),
aired AS (
    SELECT session_id, host_id, started_at,
        ifNull(ended_at, assumeNotNull((SELECT max(newest_at) FROM batches))) AS stopped_at
    FROM shifts FINAL
    WHERE started_at - INTERVAL 1 hour < $__toTime AND (isNull(ended_at) OR ended_at + INTERVAL 1 minute > $__fromTime)
        AND {{in_sessions}} AND session_id IN (
            SELECT session_id FROM selling
            UNION ALL
            SELECT assumeNotNull(known.session_id) FROM roster_sessions AS known FINAL WHERE known.seller_id IN (
                SELECT sells.seller_id FROM roster_sessions AS sells FINAL
                WHERE sells.session_id IN (SELECT session_id FROM selling)
            )
        )
),
rooms AS (
    SELECT aired.session_id AS session_id, groupArray((
            toUInt32(toStartOfMinute(greatest(started_at, kind_from) + INTERVAL 30 SECOND)),
            toUInt32(toStartOfMinute(if(kinds.kind = '', stopped_at, least(stopped_at, kind_until)) + INTERVAL 30 SECOND)),
            if(kinds.kind = '', 'unknown', toString(kinds.kind))
        )) AS every, arrayFilter(shift -> shift.1 < shift.2, every) AS shifts_,
        arrayConcat([toUInt32(0)], arraySort(arrayDistinct(arrayConcat(shifts_.1, shifts_.2)))) AS marks
    FROM aired
    LEFT JOIN kinds ON aired.host_id = kinds.host_id
    GROUP BY session_id
),
pieces AS (
    SELECT session_id, rowNumberInAllBlocks() AS piece, greatest(start_s, hour) AS from_s, least(end_s, hour + 3600) AS until_s,
        hour, arrayDistinct(arrayFilter(shift -> shift.1 <= start_s AND shift.2 >= end_s AND start_s < end_s, shifts_).3) AS on_air,
        multiIf(
            NOT ($__timeFilter(toDateTime(hour, 'UTC'))), '',
            empty(on_air), 'none',
            length(on_air) = 1, on_air[1],
            'mixed'
        ) AS arm
    FROM (
        SELECT session_id, shifts_, start_s, end_s,
            arrayJoin(if(start_s = 0, [toUInt32(0)], range(
                toUInt32(toStartOfHour(toDateTime(start_s, 'UTC'), ${zone:sqlstring})), greatest(end_s, start_s + 1), 3600
            ))) AS hour
        FROM rooms
        ARRAY JOIN marks AS start_s, arrayPushBack(arrayPopFront(marks), marks[-1]) AS end_s
    )
),
seen AS (
    SELECT session_id, CAST('', 'LowCardinality(String)') AS host_id, toUInt32(minute) AS at_s, toInt128(0) AS net,
        presence_minute.change AS change, presence_minute.change * toUnixTimestamp(minute) * 1000 + change_ms AS moment
    FROM presence_minute
    WHERE minute < $__toTime + INTERVAL 1 hour AND session_id IN (
        SELECT session_id FROM shifts
        WHERE started_at - INTERVAL 1 hour < $__toTime AND (isNull(ended_at) OR ended_at + INTERVAL 1 minute > $__fromTime)
    )
    UNION ALL
    SELECT session_id, host_id, toUInt32(minute), gross, 0, 0
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
    UNION ALL
    SELECT session_id, host_id, toUInt32(minute), 0 - refunds, 0, 0
    FROM returns_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
),
summed AS (
    SELECT any(pieces.session_id) AS session_id, toString(seen.host_id) AS host_id, any(pieces.from_s) AS from_s,
        any(pieces.until_s) AS until_s, any(pieces.hour) AS hour, any(pieces.arm) AS on_air, sum(seen.net) AS net,
        sum(seen.change) AS change, sum(seen.moment) AS moment,
        sum(sum(seen.change)) OVER (PARTITION BY any(pieces.session_id), seen.host_id ORDER BY any(pieces.from_s)) AS people
    FROM seen
    ASOF INNER JOIN pieces ON seen.session_id = pieces.session_id AND seen.at_s >= pieces.from_s
    GROUP BY pieces.piece, seen.host_id
),
cells AS (
    SELECT summed.session_id AS session_id, summed.hour AS hour, summed.net AS net,
        people * (until_s - from_s) * 1000 + summed.change * from_s * 1000 - summed.moment AS watch_ms,
        if(
            summed.host_id = '' OR summed.on_air IN ('', 'mixed', 'unknown'), summed.on_air, toString(host_kinds.kind)
        ) AS arm
    FROM summed
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON summed.host_id = host_kinds.host_id AND toDateTime64(summed.from_s + 30, 3, 'UTC') >= host_kinds.from_at
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
    LEFT JOIN roster_sessions AS sessions FINAL ON cells.session_id = sessions.session_id
    WHERE arm IN ('human', 'digital') AND (cells.net, cells.watch_ms) != (0, 0)
    GROUP BY platform, hour, category
)
