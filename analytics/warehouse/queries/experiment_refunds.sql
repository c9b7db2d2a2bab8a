-- Question: what was refunded in a currency, and when?
-- Parameters: currency. Columns: order_id, refunded_ms (ms UTC), amount_minor (minor units).
SELECT order_id, toUnixTimestamp64Milli(refunded_at) AS refunded_ms, amount_minor
FROM refunds WHERE currency = {currency:String}
