-- Question: how many orders and pieces were sold in the window?
-- Parameters: currency, from_ms and until_ms (half-open, whole minutes).
-- Columns: orders, items, buyers (distinct people) (counts).
SELECT toInt64(sum(orders)) AS orders,
    toInt64(sum(items)) AS items,
    toInt64(uniqExactMerge(buyers)) AS buyers
FROM orders_minute
WHERE currency = {currency:String}
    AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND minute < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
