-- Question: what sold best? The 40 products with the highest GMV.
-- Columns: product, pieces (count), gmv (money), share (part of the GMV of all products; NULL where that is 0).
SELECT toString(product_id) AS product, toInt64(sum(quantity)) AS pieces,
    toDecimal128(sum(products_minute.gmv), 4) / {{units}} AS gmv,
    toFloat64(sum(products_minute.gmv)) / nullIf(sum(toFloat64(sum(products_minute.gmv))) OVER (), 0) AS share
FROM products_minute
WHERE {{paid}}
GROUP BY product
ORDER BY gmv DESC, product
LIMIT 40
