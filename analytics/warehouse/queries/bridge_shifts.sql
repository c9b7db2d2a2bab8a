-- Question: who was on air when?
-- Columns: session_id, host_id, start_ms, end_ms (half-open, ms UTC; NULL while on air).
SELECT session_id, host_id, toUnixTimestamp64Milli(started_at) AS start_ms, toUnixTimestamp64Milli(ended_at) AS end_ms
FROM shifts FINAL
