-- Question: what do the ledger's lines say of this order? Asked where only the lines of some hosts are seen.
-- Parameters: order_id.
-- Columns: order_id, ordered_ms (ms UTC), session_id (NULL outside a room), currency (ISO 4217 code).
SELECT order_id, toUnixTimestamp64Milli(ordered_at) AS ordered_ms, nullIf(toString(session_id), '') AS session_id,
    toString(currency) AS currency
FROM ledger
WHERE order_id = {order_id:String}
ORDER BY batch DESC
LIMIT 1
