-- Question: what was earned, returned and kept in the range, in one currency?
-- Columns: gross, refunds (those beyond an order too), net, excess (refunded beyond orders) (money), orders (paid ones,
--   count), unattributed (share of gross that no host has).
WITH {{finance_credited}}
SELECT toDecimal128(sumIf(credited.gross, {{hosts_chosen}}), 4) / {{units}} AS gross,
    toDecimal128(sumIf(credited.refunds, {{hosts_chosen}}), 4) / {{units}} AS refunds,
    toDecimal128(sumIf(credited.gross - credited.refunds, {{hosts_chosen}}), 4) / {{units}} AS net,
    toDecimal128(sumIf(credited.refunds, host_id = 'excess_refund' AND {{hosts_chosen}}), 4) / {{units}} AS excess,
    (
        SELECT toInt64(sum(orders_minute.orders))
        FROM orders_minute
        WHERE currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
    ) AS orders,
    sumIf(credited.gross, host_id = 'unattributed') / nullIf(sum(credited.gross), 0) AS unattributed
FROM credited
WHERE currency = ${currency:sqlstring}
