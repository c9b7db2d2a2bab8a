-- Question: what did the sessions of a seller bring net, period by period? A refund is taken off the period of its order,
-- whenever it comes, and never more than the order.
-- Parameters: seller, currency, from_ms and until_ms (half-open, ms UTC), period_ms.
-- Columns: period (from 0), net_minor (minor units). A period without an order is absent.
WITH back AS (
    SELECT order_id, sum(amount_minor) AS back_minor FROM refunds WHERE currency = {currency:String} GROUP BY order_id
)
SELECT intDiv(toUnixTimestamp64Milli(ordered_at) - {from_ms:Int64}, {period_ms:Int64}) AS period,
    sum(greatest(orders.amount_minor - ifNull(back.back_minor, 0), 0)) AS net_minor
FROM orders
LEFT JOIN back ON orders.order_id = back.order_id
WHERE orders.currency = {currency:String}
    AND orders.session_id IN (SELECT session_id FROM sessions WHERE seller_id = {seller:String})
    AND ordered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND ordered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
GROUP BY period
ORDER BY period
