-- Which viewer events of a lane (batches first to last) happened since a time? event_id, occurred_ms (UTC).
SELECT event_id, toUnixTimestamp64Milli(occurred_at) AS occurred_ms FROM viewer_events
WHERE occurred_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND batch != {batch:UInt64}
    AND batch BETWEEN {first:UInt64} AND {last:UInt64}
