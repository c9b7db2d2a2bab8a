-- Question: what is this order?
-- Parameters: order_id.
-- Columns: order_id, viewer_id, ordered_ms (ms UTC), session_id, declared_host_id (NULL when absent),
--   currency (ISO 4217 code), amount (minor units), items (pieces).
SELECT order_id, viewer_id, toUnixTimestamp64Milli(ordered_at) AS ordered_ms, toString(session_id) AS session_id,
    toString(declared_host_id) AS declared_host_id, toString(currency) AS currency, amount_minor AS amount, items
FROM orders
WHERE order_id = {order_id:String}
LIMIT 1
