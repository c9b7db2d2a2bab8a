-- Question: what could an experiment be about?
-- Columns: seller_id, currency (ISO 4217 code), orders (count), first_ms and last_ms (of the first and the last
--   order, ms UTC).
SELECT assumeNotNull(theirs.seller_id) AS seller_id, toString(orders.currency) AS currency, toInt64(count()) AS orders,
    min(toUnixTimestamp64Milli(ordered_at)) AS first_ms, max(toUnixTimestamp64Milli(ordered_at)) AS last_ms
FROM orders
INNER JOIN (SELECT session_id, seller_id FROM sessions WHERE seller_id IS NOT NULL) AS theirs
    ON orders.session_id = theirs.session_id
GROUP BY seller_id, currency
ORDER BY seller_id, currency
