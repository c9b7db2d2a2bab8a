-- Question: what did each session sell of each product?
-- Parameters: currency, from_ms and until_ms (half-open).
-- Columns: session_id, product_id, quantity (pieces), gmv_minor (line totals, minor units; above 2^53 only nearly).
SELECT toString(products_minute.session_id) AS session_id, toString(products_minute.product_id) AS product_id,
    toInt64(sum(products_minute.quantity)) AS quantity, toFloat64(sum(products_minute.gmv)) AS gmv_minor
FROM products_minute
WHERE products_minute.currency = {currency:String} AND products_minute.session_id != ''
    AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}) AND minute < fromUnixTimestamp64Milli({until_ms:Int64})
GROUP BY session_id, product_id
HAVING quantity > 0
ORDER BY session_id, product_id
