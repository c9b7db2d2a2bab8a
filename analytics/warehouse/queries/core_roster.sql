-- Which roster events are stored in the batches from first to last? Times in milliseconds UTC.
SELECT event_id, type, toUnixTimestamp64Milli(occurred_at) AS occurred_ms, session_id, host_id, kind, script_id, variant
FROM roster_events WHERE batch != {batch:UInt64} AND batch BETWEEN {first:UInt64} AND {last:UInt64}
