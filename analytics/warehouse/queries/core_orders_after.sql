-- All orders of a lane (batches first to last) since a time. Times in milliseconds UTC, amounts in minor units.
SELECT order_id, event_id, viewer_id, toUnixTimestamp64Milli(ordered_at) AS ordered_ms, session_id, declared_host_id,
    currency, amount_minor, items
FROM orders WHERE ordered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND batch != {batch:UInt64}
    AND batch BETWEEN {first:UInt64} AND {last:UInt64}
