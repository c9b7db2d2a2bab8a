-- Question: what was returned of this order?
-- Parameters: order_id.
-- Columns: refund_id, refunded_ms (ms UTC), amount (minor units, positive), reason (NULL when absent).
SELECT refund_id, toUnixTimestamp64Milli(refunded_at) AS refunded_ms, amount_minor AS amount, reason
FROM refunds
WHERE order_id = {order_id:String}
ORDER BY refunded_at, refund_id
