-- Question: what was returned of this order, known or not?
-- Parameters: order_id.
-- Columns: refund_id, refunded_ms (ms UTC), currency, amount_minor (minor units, not negative), reason (NULL when
--   absent).
SELECT refund_id, toUnixTimestamp64Milli(refunded_at) AS refunded_ms, toString(currency) AS currency, amount_minor, reason
FROM refunds
WHERE order_id = {order_id:String}
ORDER BY refunded_at, refund_id
