-- Question: since when is there anything to see?
-- Columns: first_ms (first minute with an order or a room entry, ms UTC; NULL before there is any).
SELECT minOrNullIf(toInt64(toUnixTimestamp(first)) * 1000, minutes > 0) AS first_ms
FROM (
    SELECT min(minute) AS first, count() AS minutes FROM orders_minute
    UNION ALL
    SELECT min(minute) AS first, count() AS minutes FROM activity_minute
)
