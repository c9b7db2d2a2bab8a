-- Question: what does the ledger say per currency and model, and which orders does it get wrong?
-- An order is wrong if its sale lines do not sum to what was paid, its refund lines to what was returned, or its excess to
-- what was returned beyond it.
-- Columns: currency (ISO 4217 code), model, hosts_minor, unattributed_minor, excess_minor (exact decimals, minor units),
--   orders (with a sale that stands), off_orders (wrong ones, count), off (up to 20 of them), strange_orders (in no order
--   of this currency, count), strange (up to 20 of them).
WITH returned AS (
    SELECT order_id, currency, sum(toInt128(amount_minor)) AS amount FROM refunds GROUP BY order_id, currency
),
paid AS (
    SELECT orders.order_id AS order_id, orders.currency AS currency, toInt128(orders.amount_minor) AS paid,
        returned.amount AS back, 1 AS known
    FROM orders
    LEFT JOIN returned ON orders.order_id = returned.order_id AND orders.currency = returned.currency
),
booked AS (
    SELECT order_id, model, currency,
        sumIf(toInt128(amount_minor), host_id NOT IN ('unattributed', 'excess_refund')) AS hosts,
        sumIf(toInt128(amount_minor), host_id = 'unattributed') AS unattributed,
        sumIf(toInt128(amount_minor), host_id = 'excess_refund') AS excess,
        sumIf(toInt128(amount_minor), isNull(refund_id)) AS sale,
        sumIf(toInt64(sign), isNull(refund_id)) AS standing
    FROM ledger
    GROUP BY order_id, model, currency
),
compared AS (
    SELECT booked.order_id AS order_id, booked.model AS model, booked.currency AS currency, hosts, unattributed, excess,
        standing, paid.known = 1 AS is_known,
        is_known AND (
            sale != paid.paid OR hosts + unattributed - excess != paid.paid - paid.back
            OR excess != greatest(paid.back - paid.paid, 0)
        ) AS is_off
    FROM booked
    LEFT JOIN paid ON booked.order_id = paid.order_id AND booked.currency = paid.currency
)
SELECT toString(currency) AS currency, toString(model) AS model,
    toDecimal128(sum(hosts), 0) AS hosts_minor, toDecimal128(sum(unattributed), 0) AS unattributed_minor,
    toDecimal128(sum(excess), 0) AS excess_minor, toInt64(countIf(standing > 0)) AS orders,
    toInt64(countIf(is_off)) AS off_orders, groupArraySortedIf(20)(order_id, is_off) AS off,
    toInt64(countIf(NOT is_known)) AS strange_orders, groupArraySortedIf(20)(order_id, NOT is_known) AS strange
FROM compared
GROUP BY currency, model
ORDER BY currency, model
