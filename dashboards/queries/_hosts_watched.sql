-- Fragment, behind hosts_clipped: the table watched: what was watched while a host was on air, as rows whose sums count
-- (host_id, started_at of the shift, shifts, live_ms, views, watch_ms).
-- Time watched up to t is people x t - the sum of change x at, over all changes before t: whole minutes come from the
-- rollup, the minute in which a shift begins or ends from the changes themselves, which are kept for a time only.
-- Marks of a shift: its start and end for the time; for the views the first minute that begins in it and the first after.
-- near: sessions with a shift in the range, minutes that one begins or ends in the midst of, and the minutes of
-- all marks, seconds UTC, in order; looked up once, as values. A minute alone is found faster than one of a session.
-- minutes: all of this by the last mark's minute up to it, of whatever session, for nothing is asked between marks; then
-- running sums before each. Joins would have to be planned one by one. Each naming of near is looked into anew with all that it
-- is made of, so a SELECT names it once, as known or ends.
(
    SELECT (
        groupUniqArray(session_id),
        groupUniqArrayArray(arrayMap(
            at_ms -> (session_id, toDateTime(intDiv(at_ms, 60000) * 60, 'UTC')),
            arrayFilter(at_ms -> at_ms % 60000 != 0, [start_ms, end_ms])
        )),
        arraySort(arrayConcat([toUInt32(0)], groupUniqArrayArray(arrayMap(
            at_ms -> toUInt32(intDiv(at_ms, 60000) * 60), [start_ms, end_ms, start_ms + 59999, end_ms + 59999]
        ))))
    )
    FROM clipped
) AS near,
marks AS (
    SELECT session_id, toUInt32(intDiv(mark.1, 60000) * 60) AS minute,
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
    SELECT toString(session_id) AS session_id, roundDown(toUnixTimestamp(minute), (near AS known).3) AS minute,
        sum(presence_minute.change) AS people,
        sum(toInt128(presence_minute.change) * toUnixTimestamp(presence_minute.minute) * 1000 + change_ms) AS moments,
        toInt64(0) AS views, CAST([], 'Array(Tuple(Int64, Int8))') AS moves,
        CAST([], 'Array(Tuple(Int64, String, String, DateTime64(3, \'UTC\'), Int64))') AS marked
    FROM presence_minute
    WHERE presence_minute.minute <= $__toTime AND session_id IN known.1
    GROUP BY session_id, minute
    UNION ALL
    SELECT toString(session_id) AS session_id, roundDown(toUnixTimestamp(minute), (near AS known).3) AS minute,
        toInt64(0), toInt128(0), toInt64(sum(activity_minute.views)), [], []
    FROM activity_minute
    WHERE activity_minute.minute <= $__toTime AND session_id IN known.1
    GROUP BY session_id, minute
    UNION ALL
    SELECT toString(session_id), toUnixTimestamp(toStartOfMinute(at)), toInt64(0), toInt128(0), toInt64(0),
        [(toUnixTimestamp64Milli(at), presence.change)], []
    FROM presence
    WHERE at >= toStartOfMinute($__fromTime_ms) AND at <= $__toTime_ms
        AND toStartOfMinute(at) IN (near.2 AS ends).2 AND (presence.session_id, toStartOfMinute(at)) IN ends
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
