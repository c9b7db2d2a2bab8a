-- Question: of which orders paid in a stretch of time is the presence gone that they were credited by? It is kept for a time only.
-- Parameters: currency ('' for all), from_ms and until_ms (half-open).
-- Columns: faded (orders, count), order_ids (up to 5 of them).
WITH known AS (
    SELECT order_id, argMax(order_paths.session_ids, order_paths.batch)[1] AS session_id
    FROM order_paths
    GROUP BY order_id
    HAVING session_id != ''
)
SELECT toInt64(count()) AS faded, groupArraySorted(5)(orders.order_id) AS order_ids
FROM orders
INNER JOIN known ON orders.order_id = known.order_id
WHERE ({currency:String} = '' OR orders.currency = {currency:String})
    AND ordered_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND ordered_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND (viewer_id, known.session_id) NOT IN (SELECT viewer_id, toString(presence.session_id) FROM presence)
