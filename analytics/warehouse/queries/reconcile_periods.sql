-- Question: month by month and seller by seller, was credited what was paid and returned? The session of the order says the
-- seller. Order by order, its month, session and amount must be the same on both sides, so that errors cannot cancel out.
-- Parameters: zone (time zone of the months).
-- Columns: currency (ISO 4217 code), model, period (month), seller_id ('' for none), paid_minor (paid - refunds) and
--   booked_minor (hosts + unattributed - excess; exact decimals, minor units), off_orders (count), off (up to 20 of them).
WITH known AS (
    SELECT session_id, ifNull(sessions.seller_id, '') AS seller_id FROM sessions
),
facts AS (
    SELECT order_id, currency, toStartOfMonth(ordered_at, {zone:String}) AS month, ifNull(orders.session_id, '') AS session_id,
        toInt128(amount_minor) AS amount
    FROM orders
    UNION ALL
    SELECT refunds.order_id, refunds.currency, toStartOfMonth(refunded_at, {zone:String}), ifNull(paid.session_id, ''),
        -toInt128(refunds.amount_minor)
    FROM refunds
    INNER JOIN orders AS paid ON refunds.order_id = paid.order_id AND refunds.currency = paid.currency
),
cells AS (
    SELECT order_id, currency, month, session_id, model, sum(paid) AS paid, sum(booked) AS booked
    FROM (
        SELECT order_id, toString(ledger.currency) AS currency, toString(ledger.model) AS model,
            toString(ledger.session_id) AS session_id, toStartOfMonth(booked_at, {zone:String}) AS month, toInt128(0) AS paid,
            toInt128(if(host_id = 'excess_refund', -amount_minor, amount_minor)) AS booked
        FROM ledger
        UNION ALL
        SELECT order_id, toString(facts.currency), models.model, toString(facts.session_id), month, amount, toInt128(0)
        FROM facts
        CROSS JOIN (SELECT DISTINCT toString(revenue_minute.model) AS model FROM revenue_minute) AS models
    )
    GROUP BY order_id, currency, month, session_id, model
)
SELECT currency, model, formatDateTime(month, '%Y-%m') AS period, known.seller_id AS seller_id,
    toDecimal128(sum(paid), 0) AS paid_minor, toDecimal128(sum(booked), 0) AS booked_minor,
    toInt64(countIf(paid != booked)) AS off_orders, groupArraySortedIf(20)(order_id, paid != booked) AS off
FROM cells
LEFT JOIN known ON cells.session_id = known.session_id
GROUP BY currency, model, period, seller_id
ORDER BY currency, model, period, seller_id
