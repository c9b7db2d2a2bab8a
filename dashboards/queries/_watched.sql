-- Fragment, common table expression: how long people watched in the range, to the newest event where they go on.
-- Columns of watched: session_id, watch_ms (in the range), so_far_ms (since the session began).
watched AS (
    SELECT session_id,
        sum(least(until_ms - first_ms, until_ms - minute_ms) * change - if(minute_ms < first_ms, 0, change_ms)) AS watch_ms,
        sum((until_ms - minute_ms) * change - change_ms) AS so_far_ms
    FROM (
        SELECT toString(presence_minute.session_id) AS session_id,
            toInt64(toUnixTimestamp(presence_minute.minute)) * 1000 AS minute_ms,
            presence_minute.change AS change, presence_minute.change_ms AS change_ms,
            intDiv(toInt64(toUnixTimestamp($__fromTime)) + 59, 60) * 60000 AS first_ms,
            least(
                (toInt64(toUnixTimestamp($__toTime)) + 1) * 1000,
                assumeNotNull((SELECT toUnixTimestamp64Milli(max(newest_at)) FROM lanes))
            ) AS until_ms
        FROM presence_minute
        WHERE presence_minute.minute <= $__toTime AND {{in_sessions}}
    )
    WHERE first_ms < until_ms
    GROUP BY session_id
)
