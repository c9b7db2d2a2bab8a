-- Fragment, behind hosts_clipped: the table watched: what was watched while a host was on air, as rows whose sums count
-- (host_id, started_at of the shift, views, watch_ms).
-- Time watched up to t is people x t - the sum of change x at, over all changes before t: whole minutes come from the
-- rollup, the minute in which a shift begins or ends from the changes themselves, which are kept 180 days.
-- near: shifts that may matter, and instants at which one may begin or end in the range; only narrows what is read.
-- Marks of a shift: its start and end for the time; for the views the first minute that begins in it and the first after.
near AS (
    SELECT session_id, [
            started_at, $__fromTime_ms, $__toTime_ms + INTERVAL 1 millisecond,
            ifNull(ended_at, (SELECT max(newest_at) FROM batches))
        ] AS bounds
    FROM shifts
    WHERE started_at <= $__toTime_ms AND (isNull(ended_at) OR ended_at >= $__fromTime_ms)
),
marks AS (
    SELECT session_id, host_id, started_at, mark.1 AS at_ms, mark.2 AS part, intDiv(at_ms, 60000) * 60000 AS minute_ms
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
    SELECT session_id, minute, presence_minute.change AS people,
        toInt128(presence_minute.change) * toUnixTimestamp(minute) * 1000 + change_ms AS moments, toInt64(0) AS views
    FROM presence_minute
    WHERE minute <= $__toTime AND session_id IN (SELECT session_id FROM near)
    UNION ALL
    SELECT session_id, minute, toInt64(0), toInt128(0), toInt64(activity_minute.views)
    FROM activity_minute
    WHERE minute <= $__toTime AND session_id IN (SELECT session_id FROM near)
),
running AS (
    SELECT toString(session_id) AS session_id, toInt64(toUnixTimestamp(minute)) * 1000 AS minute_ms,
        sum(minutes.people) OVER w AS people, sum(minutes.moments) OVER w AS moments, sum(minutes.views) OVER w AS views
    FROM minutes
    WINDOW w AS (PARTITION BY minutes.session_id ORDER BY minutes.minute)
),
cut AS (
    SELECT DISTINCT session_id, at_ms, intDiv(at_ms, 60000) * 60000 AS minute_ms
    FROM clipped
    ARRAY JOIN [start_ms, end_ms] AS at_ms
    WHERE at_ms > minute_ms
),
edges AS (
    SELECT cut.session_id AS session_id, cut.at_ms AS at_ms, sum(toInt64(seen.change)) AS people,
        sum(toInt128(seen.change) * seen.at_ms) AS moments
    FROM cut
    INNER JOIN (
        SELECT toString(session_id) AS session_id, change, toUnixTimestamp64Milli(at) AS at_ms,
            intDiv(at_ms, 60000) * 60000 AS minute_ms
        FROM presence
        WHERE at >= toStartOfMinute($__fromTime_ms) AND at <= $__toTime_ms
            AND (presence.session_id, toStartOfMinute(at)) IN (SELECT session_id, toStartOfMinute(arrayJoin(bounds)) FROM near)
    ) AS seen ON cut.session_id = seen.session_id AND cut.minute_ms = seen.minute_ms
    WHERE seen.at_ms < cut.at_ms
    GROUP BY session_id, at_ms
),
reached AS (
    SELECT marks.session_id AS session_id, marks.host_id AS host_id, marks.started_at AS started_at, marks.at_ms AS at_ms,
        marks.part AS part, running.people AS people, running.moments AS moments, running.views AS views
    FROM marks
    ASOF LEFT JOIN running ON marks.session_id = running.session_id AND marks.minute_ms > running.minute_ms
),
watched AS (
    SELECT reached.host_id AS host_id, reached.started_at AS started_at,
        transform(part, ['first', 'last'], [-1, 1], 0) * reached.views + if(part = 'first', reached.people, 0) AS views,
        transform(part, ['start', 'end'], [-1, 1], 0)
            * ((reached.people + edges.people) * toInt128(reached.at_ms) - reached.moments - edges.moments) AS watch_ms
    FROM reached
    LEFT JOIN edges ON reached.session_id = edges.session_id AND reached.at_ms = edges.at_ms
)
