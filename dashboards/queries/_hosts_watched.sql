-- Fragment, behind hosts_clipped: the table watched: what was watched while a host was on air, one row per shift (host_id,
-- started_at, live_ms, watch_ms, views).
-- Time watched up to t is people x t - the sum of change x at, over all changes before t: whole minutes as sums, the minute in
-- which a shift begins or ends by its moves. Views are the people there when the first whole minute of the shift begins, and
-- the entries of the minutes that begin in it.
-- stirred: sums of the rooms' minutes, and the moves within those of marks. Each is put beside each shift of its room: it
-- adds what lies before the shift's end, less what lies before its start. A shift is a number, for texts as keys take longer.
stirred AS (
    SELECT session_id, toInt64(toUnixTimestamp(minute)) * 1000 AS minute_ms, presence_minute.change AS people, change_ms,
        presence_minute.views AS views, CAST([], 'Array(UInt32)') AS moves
    FROM presence_minute
    WHERE minute <= $__toTime AND session_id IN (SELECT session_id FROM clipped)
    UNION ALL
    SELECT session_id, toInt64(toUnixTimestamp(minute)) * 1000, 0, 0, 0, rooms_minute.moves
    FROM rooms_minute
    WHERE (session_id, minute) IN (
        SELECT session_id, toDateTime(intDiv(arrayJoin([start_ms, end_ms]), 60000) * 60, 'UTC') FROM clipped
    )
),
watched AS (
    SELECT any(host_id) AS host_id, any(started_at) AS started_at, any(end_ms - start_ms) AS live_ms,
        sum(
            if(end_ms >= minute_ms + 60000, people * (end_ms - minute_ms) - change_ms, 0)
            - if(start_ms >= minute_ms + 60000, people * (start_ms - minute_ms) - change_ms, 0)
            + arraySum(
                move -> toInt8(bitAnd(move, 255)) * (
                    if(end_ms < minute_ms + 60000, greatest(end_ms - minute_ms - bitShiftRight(move, 8), 0), 0)
                    - if(start_ms < minute_ms + 60000, greatest(start_ms - minute_ms - bitShiftRight(move, 8), 0), 0)
                ),
                moves
            )
        ) AS watch_ms,
        sum(multiIf(NOT whole, 0, minute_ms < start_ms, people, minute_ms < end_ms, stirred.views, 0)) AS views
    FROM stirred
    RIGHT JOIN (
        SELECT *, rowNumberInAllBlocks() AS shift, intDiv(start_ms + 59999, 60000) < intDiv(end_ms + 59999, 60000) AS whole
        FROM clipped
    ) AS airing ON stirred.session_id = airing.session_id
    GROUP BY shift
)
