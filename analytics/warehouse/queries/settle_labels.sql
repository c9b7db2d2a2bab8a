-- Question: when did the AI label of a host come and go in each session?
-- Columns: session_id, host_id, at_ms (ms UTC), shown (1: it came, 0: it went).
SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id,
    toUnixTimestamp64Milli(occurred_at) AS at_ms, type = 'label_shown' AS shown
FROM roster_events
WHERE type IN ('label_shown', 'label_hidden')
ORDER BY session_id, host_id, at_ms
