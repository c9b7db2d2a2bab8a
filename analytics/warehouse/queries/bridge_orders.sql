-- Question: which orders were paid or refunded in a stretch of time?
-- Parameters: currency ('' for all), from_ms and until_ms (half-open).
-- Columns: order_id, viewer_id, ordered_ms (ms UTC), session_id, declared_host_id (NULL for none), currency, amount_minor.
SELECT order_id, viewer_id, toUnixTimestamp64Milli(ordered_at) AS ordered_ms, session_id, declared_host_id, currency,
    amount_minor
FROM orders
WHERE ({currency:String} = '' OR currency = {currency:String}) AND (
    (
        ordered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND ordered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    ) OR order_id IN (
        SELECT order_id FROM refunds
        WHERE refunded_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
            AND refunded_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    )
)
