-- Question: which currencies were orders paid in, the most used first, and since when?
-- Columns: currency (ISO 4217 code), orders (count), first_ms (first minute with an order, ms UTC).
SELECT currency,
    toInt64(sum(orders)) AS orders,
    toInt64(toUnixTimestamp(min(minute))) * 1000 AS first_ms
FROM orders_minute
GROUP BY currency
ORDER BY orders DESC, currency
