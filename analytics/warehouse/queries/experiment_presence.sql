-- Question: who watched the sessions in which a script was begun, and when?
-- Parameters: script. Columns: viewer_id, session_id, at_ms (ms UTC), change (1 begins to watch, -1 stops; summed).
SELECT viewer_id, toString(presence.session_id) AS session_id, toUnixTimestamp64Milli(at) AS at_ms,
    sum(toInt64(presence.change)) AS change
FROM presence
WHERE presence.session_id IN (
    SELECT assumeNotNull(session_id) FROM roster_events WHERE type = 'script_started' AND script_id = {script:String}
)
GROUP BY viewer_id, session_id, at_ms
HAVING change != 0
