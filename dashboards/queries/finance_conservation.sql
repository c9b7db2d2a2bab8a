-- Question: do the credits of every model add up to what was paid and returned, per currency? Left out are orders whose
-- books are open at this instant.
-- Columns: currency, model (none: nothing is booked), paid, refunds (of known orders in their currency), hosts (net of all
--   hosts), unattributed (net), excess (refunded beyond orders) (money), sales_off = gross of hosts and unattributed - paid,
--   off = hosts + unattributed - (paid - refunds + excess) (minor units, 0 is right).
-- first_day, end_day: whole days of the range, whose money is added up already, in UTC, half-open; the rest comes by minutes.
-- sides: what was paid and returned has no model (''), what was credited has one. summed puts the one beside the other, in one
-- pass; the row without a model stands for those that have booked nothing in its currency.
WITH {{unsettled}},
toDate($__fromTime + INTERVAL 86399 SECOND, 'UTC') AS first_day, toDate($__toTime + INTERVAL 60 SECOND, 'UTC') AS end_day,
returned AS (
    SELECT order_id, currency, sum(toInt128(amount_minor)) AS amount
    FROM refunds
    WHERE $__timeFilter(toStartOfMinute(refunded_at)) AND order_id NOT IN unsettled
    GROUP BY order_id, currency
),
sides AS (
    SELECT toString(orders_minute.currency) AS currency, '' AS model, toInt128(sum(gmv)) AS paid, toInt128(0) AS refunds,
        toInt128(0) AS gross, toInt128(0) AS hosts, toInt128(0) AS unattributed, toInt128(0) AS excess
    FROM orders_minute
    WHERE $__timeFilter(minute)
    GROUP BY orders_minute.currency
    UNION ALL
    SELECT toString(orders.currency), '', -sum(toInt128(amount_minor)), toInt128(0), toInt128(0), toInt128(0), toInt128(0),
        toInt128(0)
    FROM orders
    WHERE order_id IN unsettled AND $__timeFilter(toStartOfMinute(ordered_at))
    GROUP BY orders.currency
    UNION ALL
    SELECT toString(orders.currency), '', toInt128(0), sum(returned.amount), toInt128(0), toInt128(0), toInt128(0),
        toInt128(0)
    FROM orders
    INNER JOIN returned ON orders.order_id = returned.order_id AND orders.currency = returned.currency
    GROUP BY orders.currency
    UNION ALL
    SELECT toString(currency), toString(model), toInt128(0), toInt128(0),
        sum(booked.gross),
        sumIf(booked.gross - booked.refunds, host_id NOT IN ('unattributed', 'excess_refund')),
        sumIf(booked.gross - booked.refunds, host_id = 'unattributed'),
        sumIf(booked.gross - booked.refunds, host_id = 'excess_refund')
    FROM (
        SELECT currency, model, host_id, revenue_day.gross AS gross, revenue_day.refunds AS refunds
        FROM revenue_day
        WHERE day >= first_day AND day < end_day
        UNION ALL
        SELECT currency, model, host_id, revenue_minute.gross, revenue_minute.refunds
        FROM revenue_minute
        WHERE $__timeFilter(minute) AND (minute < toDateTime(first_day, 'UTC') OR minute >= toDateTime(end_day, 'UTC'))
    ) AS booked
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
),
summed AS (
    SELECT sides.currency AS currency, sides.model AS booked_under, sum(sum(sides.paid)) OVER of_currency AS paid,
        sum(sum(sides.refunds)) OVER of_currency AS refunds, sum(sides.gross) AS gross, sum(sides.hosts) AS hosts,
        sum(sides.unattributed) AS unattributed, sum(sides.excess) AS excess,
        groupArray(sides.model) OVER of_currency AS here,
        arrayFilter(model -> model != '', groupUniqArray(sides.model) OVER ()) AS models
    FROM sides
    GROUP BY currency, booked_under
    WINDOW of_currency AS (PARTITION BY sides.currency)
)
SELECT currency, model,
    toDecimal128(summed.paid, 4) / {{row_units}} AS paid,
    toDecimal128(summed.refunds, 4) / {{row_units}} AS refunds,
    toDecimal128(summed.hosts, 4) / {{row_units}} AS hosts,
    toDecimal128(summed.unattributed, 4) / {{row_units}} AS unattributed,
    toDecimal128(summed.excess, 4) / {{row_units}} AS excess,
    toInt64(summed.gross - summed.paid) AS sales_off,
    toInt64(summed.hosts + summed.unattributed - (summed.paid - summed.refunds + summed.excess)) AS off
FROM summed
ARRAY JOIN if(
    booked_under = '', arrayFilter(one -> NOT has(here, one), if(empty(models), ['none'], models)), [booked_under]
) AS model
WHERE paid != 0 OR refunds != 0 OR hosts != 0 OR unattributed != 0 OR excess != 0 OR sales_off != 0 OR off != 0
ORDER BY currency, model
