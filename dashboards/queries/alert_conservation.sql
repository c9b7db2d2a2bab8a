-- Question: does any currency, under any model, lack money or have too much? Credits of hosts + unattributed must be net
-- GMV + excess. Everything ever booked, without the orders whose books are open at this instant.
-- Columns: off (minor units, sum of the differences without their signs).
WITH {{unsettled}},
booked AS (
    SELECT currency, model, sum(amount) AS amount
    FROM (
        SELECT toString(revenue_minute.currency) AS currency, toString(revenue_minute.model) AS model,
            sum(gross) - sumIf(refunds, host_id != 'excess_refund') + sumIf(refunds, host_id = 'excess_refund') AS amount
        FROM revenue_minute
        GROUP BY currency, model
        UNION ALL
        SELECT toString(ledger.currency) AS currency, toString(ledger.model) AS model,
            -sum(if(host_id = 'excess_refund', -toInt128(amount_minor), toInt128(amount_minor))) AS amount
        FROM ledger
        WHERE order_id IN unsettled
        GROUP BY currency, model
    )
    GROUP BY currency, model
),
paid AS (
    SELECT currency, sum(amount) AS amount
    FROM (
        SELECT toString(orders_minute.currency) AS currency, sum(gmv) AS amount FROM orders_minute GROUP BY currency
        UNION ALL
        SELECT toString(orders.currency) AS currency, -sum(toInt128(amount_minor)) AS amount
        FROM orders
        WHERE order_id IN unsettled
        GROUP BY currency
        UNION ALL
        SELECT toString(refunds.currency) AS currency, -sum(toInt128(refunds.amount_minor)) AS amount
        FROM refunds
        INNER JOIN (
            SELECT order_id, orders.currency AS currency FROM orders WHERE order_id IN (SELECT order_id FROM refunds)
        ) AS known ON refunds.order_id = known.order_id AND refunds.currency = known.currency
        WHERE refunds.order_id NOT IN unsettled
        GROUP BY currency
    )
    GROUP BY currency
)
SELECT toFloat64(sum(abs(books.amount))) AS off
FROM (
    SELECT currency, model, sum(amount) AS amount
    FROM (
        SELECT currency, model, amount FROM booked
        UNION ALL
        SELECT paid.currency, models.model, -paid.amount
        FROM paid
        CROSS JOIN (
            SELECT arrayJoin(if(empty(groupUniqArray(model)), ['none'], groupUniqArray(model))) AS model FROM booked
        ) AS models
    )
    GROUP BY currency, model
) AS books
