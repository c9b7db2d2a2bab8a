-- Question: does the rollup of credits say what the ledger says, host by host?
-- Columns: currency (ISO 4217 code), model, ledger_minor and rollup_minor (net: sales less refunds, those beyond orders too,
--   exact decimals, minor units), off_hosts (hosts with another gross, refunds or number of orders, count), off (up to 20 of them).
SELECT toString(currency) AS currency, toString(model) AS model,
    toDecimal128(sum(side * (lines_gross - lines_refunds)), 0) AS ledger_minor,
    toDecimal128(sum(side * (rolled_gross - rolled_refunds)), 0) AS rollup_minor,
    toInt64(countIf(is_off)) AS off_hosts, groupArraySortedIf(20)(toString(host_id), is_off) AS off
FROM (
    SELECT model, currency, host_id, if(host_id = 'excess_refund', -1, 1) AS side,
        sum(gross * (source = 'ledger')) AS lines_gross, sum(refunds * (source = 'ledger')) AS lines_refunds,
        sum(gross * (source = 'rollup')) AS rolled_gross, sum(refunds * (source = 'rollup')) AS rolled_refunds,
        lines_gross != rolled_gross OR lines_refunds != rolled_refunds
            OR sumIf(orders, source = 'ledger') != sumIf(orders, source = 'rollup') AS is_off
    FROM (
        SELECT 'ledger' AS source, model, currency, host_id,
            sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
            -sumIf(toInt128(amount_minor), isNotNull(refund_id)) AS refunds,
            sumIf(toInt64(sign), isNull(refund_id)) AS orders
        FROM ledger
        GROUP BY model, currency, host_id
        UNION ALL
        SELECT 'rollup', model, currency, host_id, sum(revenue_minute.gross), sum(revenue_minute.refunds),
            sum(revenue_minute.orders)
        FROM revenue_minute
        GROUP BY model, currency, host_id
    )
    GROUP BY model, currency, host_id
)
GROUP BY currency, model
ORDER BY currency, model
