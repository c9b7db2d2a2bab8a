-- Question: how much was paid and returned, per currency, whatever the ledger says?
-- Columns: currency (ISO 4217 code), orders (count), paid_minor, refunds_minor (of known orders, in their currency),
--   waiting, waiting_minor (refunds whose order is unknown), foreign_refunds, foreign_minor (refunds in another currency
--   than their order's: not booked); amounts are exact decimals in minor units.
WITH returned AS (
    SELECT refunds.currency AS currency, toString(known.currency) AS order_currency, count() AS refunds,
        sum(toInt128(refunds.amount_minor)) AS amount
    FROM refunds
    LEFT JOIN (SELECT order_id, currency FROM orders) AS known ON refunds.order_id = known.order_id
    GROUP BY currency, order_currency
)
SELECT toString(currency) AS currency, toInt64(sum(paid_orders)) AS orders, toDecimal128(sum(paid), 0) AS paid_minor,
    toDecimal128(sum(back), 0) AS refunds_minor,
    toInt64(sum(waits)) AS waiting, toDecimal128(sum(wait_amount), 0) AS waiting_minor,
    toInt64(sum(others)) AS foreign_refunds, toDecimal128(sum(other_amount), 0) AS foreign_minor
FROM (
    SELECT toString(orders.currency) AS currency, count() AS paid_orders, sum(toInt128(amount_minor)) AS paid,
        toInt128(0) AS back, 0 AS waits, toInt128(0) AS wait_amount, 0 AS others, toInt128(0) AS other_amount
    FROM orders
    GROUP BY currency
    UNION ALL
    SELECT toString(currency), 0, toInt128(0), sumIf(amount, order_currency = currency),
        sumIf(refunds, order_currency = ''), sumIf(amount, order_currency = ''),
        sumIf(refunds, order_currency NOT IN ('', currency)), sumIf(amount, order_currency NOT IN ('', currency))
    FROM returned
    GROUP BY currency
)
GROUP BY currency
ORDER BY currency
