-- Which shifts are booked? Times in milliseconds UTC; ended_ms NULL while on air.
SELECT session_id, host_id, toUnixTimestamp64Milli(started_at) AS start_ms, toUnixTimestamp64Milli(ended_at) AS end_ms
FROM shifts FINAL
