-- Question: when was who on air?
-- Parameters: open_ms (the end of a shift that has not ended). Columns: session_id, host_id, start_ms, end_ms (ms UTC).
SELECT session_id, host_id, toUnixTimestamp64Milli(started_at) AS start_ms,
    ifNull(toUnixTimestamp64Milli(ended_at), {open_ms:Int64}) AS end_ms
FROM shifts FINAL
