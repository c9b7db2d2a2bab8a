-- Question: which orders came last? The latest 40 of the window; a batch that is being stored is not shown yet.
-- Parameters: currency, from_ms and until_ms (half-open).
-- Columns: order_id, ordered_ms (ms UTC), session_id (NULL outside sessions), amount (minor units), items (pieces).
SELECT order_id, toUnixTimestamp64Milli(ordered_at) AS ordered_ms, toString(session_id) AS session_id,
    amount_minor AS amount, items
FROM orders
WHERE currency = {currency:String}
    AND ordered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND ordered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND batch <= (SELECT max(batch) FROM batches)
ORDER BY ordered_at DESC, order_id
LIMIT 40
