-- Fragment, common table expression: shifts inside the range.
-- Columns of turns: session_id, host_id, start_ms, end_ms (ms UTC, half-open; a shift that goes on is counted to the newest
-- event), until_ms (the same, but a shift that goes on lasts to the range's end).
turns AS (
    SELECT shifts.session_id AS session_id, shifts.host_id AS host_id,
        greatest(toUnixTimestamp64Milli(started_at), toInt64(toUnixTimestamp($__fromTime)) * 1000) AS start_ms,
        least(
            ifNull(toUnixTimestamp64Milli(ended_at), toInt64(9999999999999)),
            (toInt64(toUnixTimestamp($__toTime)) + 1) * 1000
        ) AS until_ms,
        least(
            until_ms,
            ifNull(
                toUnixTimestamp64Milli(ended_at),
                assumeNotNull((SELECT toUnixTimestamp64Milli(max(newest_at)) FROM lanes))
            )
        ) AS end_ms
    FROM shifts FINAL
    WHERE start_ms < until_ms AND {{in_sessions}}
)
