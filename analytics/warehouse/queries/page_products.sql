-- Question: what sold best in the window? The 40 products with the highest GMV.
-- Parameters: currency, from_ms and until_ms (half-open, whole minutes).
-- Columns: product_id, quantity (pieces), gmv (minor units, exact decimal).
SELECT toString(product_id) AS product_id,
    toInt64(sum(quantity)) AS quantity,
    toDecimal128(sum(products_minute.gmv), 0) AS gmv
FROM products_minute
WHERE currency = {currency:String}
    AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND minute < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
GROUP BY product_id
ORDER BY gmv DESC, product_id
LIMIT 40
