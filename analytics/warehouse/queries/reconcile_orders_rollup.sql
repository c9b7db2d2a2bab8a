-- Question: does the rollup of orders say what the orders say?
-- Columns: currency (ISO 4217 code), orders_minor and rollup_minor (paid, exact decimals, minor units), orders and
--   rollup_orders (counts), items and rollup_items (pieces).
SELECT toString(currency) AS currency,
    toDecimal128(sumIf(paid, source = 'orders'), 0) AS orders_minor,
    toDecimal128(sumIf(paid, source = 'rollup'), 0) AS rollup_minor,
    toInt64(sumIf(number, source = 'orders')) AS orders, toInt64(sumIf(number, source = 'rollup')) AS rollup_orders,
    toInt64(sumIf(pieces, source = 'orders')) AS items, toInt64(sumIf(pieces, source = 'rollup')) AS rollup_items
FROM (
    SELECT 'orders' AS source, toString(orders.currency) AS currency, sum(toInt128(amount_minor)) AS paid,
        toInt64(count()) AS number, sum(orders.items) AS pieces
    FROM orders
    GROUP BY currency
    UNION ALL
    SELECT 'rollup', toString(orders_minute.currency), sum(gmv), toInt64(sum(orders_minute.orders)),
        sum(orders_minute.items)
    FROM orders_minute
    GROUP BY orders_minute.currency
)
GROUP BY currency
ORDER BY currency
