-- Which roster events are stored? Times in milliseconds UTC.
SELECT event_id, type, toUnixTimestamp64Milli(occurred_at) AS occurred_ms, session_id, host_id
FROM roster_events WHERE batch != {batch:UInt64}
