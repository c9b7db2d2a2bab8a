-- Question: which scripts were begun in the sessions in which one script was?
-- Parameters: script. Columns: session_id, host_id, script_id, variant (NULL: none named), at_ms (ms UTC).
SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id, assumeNotNull(script_id) AS script_id,
    variant, toUnixTimestamp64Milli(occurred_at) AS at_ms
FROM roster_events
WHERE type = 'script_started' AND session_id IN (
    SELECT session_id FROM roster_events WHERE type = 'script_started' AND script_id = {script:String}
)
