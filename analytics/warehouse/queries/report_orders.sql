-- Question: how many orders were paid, by quarter of an hour and session? Independent of any attribution.
-- Parameters: currency ('' for all), from_ms and until_ms (half-open, whole quarters of an hour).
-- Columns: at_ms (begin of the quarter, ms UTC), session_id ('' outside), currency (ISO 4217 code), orders (count).
SELECT toInt64(toUnixTimestamp(toStartOfFifteenMinutes(minute))) * 1000 AS at_ms,
    toString(orders_minute.session_id) AS session_id,
    toString(orders_minute.currency) AS currency,
    toInt64(sum(orders_minute.orders)) AS orders
FROM orders_minute
WHERE ({currency:String} = '' OR orders_minute.currency = {currency:String})
    AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND minute < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
GROUP BY at_ms, session_id, currency
ORDER BY at_ms, session_id, currency
