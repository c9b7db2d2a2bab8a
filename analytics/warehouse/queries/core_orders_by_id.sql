-- Orders by their ids. Times in milliseconds UTC, amounts in minor units.
SELECT order_id, event_id, viewer_id, toUnixTimestamp64Milli(ordered_at) AS ordered_ms, session_id, declared_host_id,
    currency, amount_minor, items, batch
FROM orders WHERE order_id IN (SELECT arrayJoin({order_ids:Array(String)})) AND batch NOT IN {batches:Array(UInt64)}
