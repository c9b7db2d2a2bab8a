-- Question: do the credits of every model add up to what was paid and returned, per currency? Left out are orders whose
-- books are open at this instant.
-- Columns: currency, model (none: nothing is booked), paid, refunds (of known orders in their currency), hosts (net of all
--   hosts), unattributed (net), excess (refunded beyond orders) (money), sales_off = gross of hosts and unattributed - paid,
--   off = hosts + unattributed - (paid - refunds + excess) (minor units, 0 is right).
WITH {{unsettled}},
(
    SELECT groupUniqArray(toString(model)) FROM revenue_minute WHERE $__timeFilter(minute)
) AS models,
returned AS (
    SELECT order_id, currency, sum(toInt128(amount_minor)) AS amount
    FROM refunds
    WHERE $__timeFilter(toStartOfMinute(refunded_at)) AND order_id NOT IN unsettled
    GROUP BY order_id, currency
),
sides AS (
    SELECT toString(orders_minute.currency) AS currency, toInt128(sum(gmv)) AS paid, toInt128(0) AS refunds
    FROM orders_minute
    WHERE $__timeFilter(minute)
    GROUP BY orders_minute.currency
    UNION ALL
    SELECT toString(orders.currency) AS currency, -sum(toInt128(amount_minor)), toInt128(0)
    FROM orders
    WHERE order_id IN unsettled AND $__timeFilter(toStartOfMinute(ordered_at))
    GROUP BY orders.currency
    UNION ALL
    SELECT toString(orders.currency) AS currency, toInt128(0), sum(returned.amount)
    FROM orders
    INNER JOIN returned ON orders.order_id = returned.order_id AND orders.currency = returned.currency
    GROUP BY orders.currency
),
compared AS (
    SELECT currency, arrayJoin(if(empty(models), ['none'], models)) AS model, paid, refunds,
        toInt128(0) AS gross, toInt128(0) AS hosts, toInt128(0) AS unattributed, toInt128(0) AS excess
    FROM sides
    UNION ALL
    SELECT toString(currency), toString(model), toInt128(0), toInt128(0),
        sum(revenue_minute.gross),
        sumIf(revenue_minute.gross - revenue_minute.refunds, host_id NOT IN ('unattributed', 'excess_refund')),
        sumIf(revenue_minute.gross - revenue_minute.refunds, host_id = 'unattributed'),
        sumIf(revenue_minute.gross - revenue_minute.refunds, host_id = 'excess_refund')
    FROM revenue_minute
    WHERE $__timeFilter(minute)
    GROUP BY currency, model
    UNION ALL
    SELECT toString(currency), toString(model), toInt128(0), toInt128(0),
        -sumIf(toInt128(amount_minor), isNull(refund_id)),
        -sumIf(toInt128(amount_minor), host_id NOT IN ('unattributed', 'excess_refund')),
        -sumIf(toInt128(amount_minor), host_id = 'unattributed'),
        -sumIf(toInt128(amount_minor), host_id = 'excess_refund')
    FROM ledger
    WHERE order_id IN unsettled AND $__timeFilter(toStartOfMinute(booked_at))
    GROUP BY currency, model
)
SELECT currency, model,
    toDecimal128(sum(compared.paid), 4) / {{row_units}} AS paid,
    toDecimal128(sum(compared.refunds), 4) / {{row_units}} AS refunds,
    toDecimal128(sum(compared.hosts), 4) / {{row_units}} AS hosts,
    toDecimal128(sum(compared.unattributed), 4) / {{row_units}} AS unattributed,
    toDecimal128(sum(compared.excess), 4) / {{row_units}} AS excess,
    toInt64(sum(compared.gross) - sum(compared.paid)) AS sales_off,
    toInt64(
        sum(compared.hosts) + sum(compared.unattributed)
        - (sum(compared.paid) - sum(compared.refunds) + sum(compared.excess))
    ) AS off
FROM compared
GROUP BY currency, model
HAVING paid != 0 OR refunds != 0 OR hosts != 0 OR unattributed != 0 OR excess != 0 OR sales_off != 0 OR off != 0
ORDER BY currency, model
