-- Question: when were hosts on air in the sessions in which a script was begun?
-- Parameters: script, open_ms (the end of a shift that has not ended). Columns: session_id, host_id, start_ms, end_ms (ms UTC).
SELECT session_id, host_id, toUnixTimestamp64Milli(started_at) AS start_ms,
    ifNull(toUnixTimestamp64Milli(ended_at), {open_ms:Int64}) AS end_ms
FROM shifts FINAL
WHERE session_id IN (
    SELECT assumeNotNull(session_id) FROM roster_events WHERE type = 'script_started' AND script_id = {script:String}
)
