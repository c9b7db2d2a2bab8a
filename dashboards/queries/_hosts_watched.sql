-- Fragment, behind hosts_clipped: the table watched: what was watched while a host was on air, as rows whose sums count
-- (host_id, started_at of the shift, shifts, live_ms, views, watch_ms).
-- Time watched up to t is people x t - the sum of change x at, over all changes before t: whole minutes come from the
-- rollup, the minute in which a shift begins or ends from the changes themselves, which are kept for a time only.
-- Marks of a shift: its start and end for the time; for the views the first minute that begins in it and the first after.
-- near: sessions with a shift in the range, and minutes that one begins or ends in the midst of; looked up once, as values.
-- minutes: all of this by minute, then running sums before each; joins would have to be planned one by one.
(
    SELECT (
        groupUniqArray(session_id),
        groupUniqArrayArray(arrayMap(
            at_ms -> (session_id, toDateTime(intDiv(at_ms, 60000) * 60, 'UTC')),
            arrayFilter(at_ms -> at_ms % 60000 != 0, [start_ms, end_ms])
        ))
    )
    FROM clipped
) AS near,
marks AS (
    SELECT session_id, toDateTime(intDiv(mark.1, 60000) * 60, 'UTC') AS minute,
        (mark.1, mark.2, host_id, started_at, end_ms - start_ms) AS mark
    FROM (
        SELECT session_id, host_id, started_at, start_ms, end_ms,
            intDiv(start_ms + 59999, 60000) * 60000 AS first_ms, intDiv(end_ms + 59999, 60000) * 60000 AS last_ms
        FROM clipped
    )
    ARRAY JOIN arrayConcat(
        [(start_ms, 'start'), (end_ms, 'end')],
        if(first_ms < end_ms, [(first_ms, 'first'), (last_ms, 'last')], [])
    ) AS mark
),
minutes AS (
    SELECT toString(session_id) AS session_id, minute, presence_minute.change AS people,
        toInt128(presence_minute.change) * toUnixTimestamp(minute) * 1000 + change_ms AS moments, toInt64(0) AS views,
        CAST([], 'Array(Tuple(Int64, Int8))') AS moves,
        CAST([], 'Array(Tuple(Int64, String, String, DateTime64(3, \'UTC\'), Int64))') AS marked
    FROM presence_minute
    WHERE minute <= $__toTime AND session_id IN near.1
    UNION ALL
    SELECT toString(session_id), minute, toInt64(0), toInt128(0), toInt64(activity_minute.views), [], []
    FROM activity_minute
    WHERE minute <= $__toTime AND session_id IN near.1
    UNION ALL
    SELECT toString(session_id), toStartOfMinute(at), toInt64(0), toInt128(0), toInt64(0),
        [(toUnixTimestamp64Milli(at), presence.change)], []
    FROM presence
    WHERE at >= toStartOfMinute($__fromTime_ms) AND at <= $__toTime_ms
        AND (presence.session_id, toStartOfMinute(at)) IN near.2
    UNION ALL
    SELECT session_id, minute, toInt64(0), toInt128(0), toInt64(0), [], [mark]
    FROM marks
),
reached AS (
    SELECT sum(sum(minutes.people)) OVER before AS people, sum(sum(minutes.moments)) OVER before AS moments,
        sum(sum(minutes.views)) OVER before AS views,
        groupArrayArray(minutes.moves) AS moves, groupArrayArray(minutes.marked) AS marked
    FROM minutes
    GROUP BY session_id, minute
    WINDOW before AS (
        PARTITION BY session_id ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
watched AS (
    SELECT one.3 AS host_id, one.4 AS started_at, one.2 = 'start' AS shifts, if(one.2 = 'start', one.5, 0) AS live_ms,
        transform(one.2, ['first', 'last'], [-1, 1], 0) * reached.views + if(one.2 = 'first', reached.people, 0) AS views,
        transform(one.2, ['start', 'end'], [-1, 1], 0) * (
            reached.people * toInt128(one.1) - reached.moments
            + arraySum(move -> if(move.1 < one.1, toInt128(move.2) * (one.1 - move.1), 0), reached.moves)
        ) AS watch_ms
    FROM reached
    ARRAY JOIN marked AS one
)
