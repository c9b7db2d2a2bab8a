-- Question: how did the number of people online move in the window, per session?
-- The rollup is read up to the clock's minute, the minute of the clock from the changes themselves, so that the
-- last figure is exact to the millisecond. Everything before the window is one row, at from_ms - step_ms.
-- Parameters: clock_ms, from_ms (whole minutes), step_ms (whole minutes).
-- Columns: session_id, at_ms (begin of the step, ms UTC), change (people online after the step minus before it).
WITH toStartOfMinute(fromUnixTimestamp64Milli({clock_ms:Int64}, 'UTC')) AS clock_minute,
changes AS (
    SELECT session_id, minute, presence_minute.change AS people
    FROM presence_minute
    WHERE minute < clock_minute
    UNION ALL
    SELECT session_id, toStartOfMinute(at) AS minute, toInt64(presence.change) AS people
    FROM presence
    WHERE at >= clock_minute AND at <= fromUnixTimestamp64Milli({clock_ms:Int64}, 'UTC')
)
SELECT toString(session_id) AS session_id,
    greatest(
        {from_ms:Int64} + toInt64(floor((toInt64(toUnixTimestamp(minute)) * 1000 - {from_ms:Int64}) / {step_ms:Int64}))
            * {step_ms:Int64},
        {from_ms:Int64} - {step_ms:Int64}
    ) AS at_ms,
    toInt64(sum(people)) AS change
FROM changes
GROUP BY session_id, at_ms
HAVING change != 0
ORDER BY at_ms, session_id
