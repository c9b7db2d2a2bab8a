-- Question: what was earned, returned and kept in each period, by the date of booking?
-- Columns: period (its first day), currency, gross, refunds (those beyond an order too), net, excess (refunded beyond
--   orders) (money).
WITH {{finance_credited}}
SELECT {{finance_period}} AS period, currency,
    toDecimal128(sum(credited.gross), 4) / {{row_units}} AS gross,
    toDecimal128(sum(credited.refunds), 4) / {{row_units}} AS refunds,
    toDecimal128(sum(credited.gross - credited.refunds), 4) / {{row_units}} AS net,
    toDecimal128(sumIf(credited.refunds, host_id = 'excess_refund'), 4) / {{row_units}} AS excess
FROM credited
WHERE {{hosts_chosen}}
GROUP BY period, currency
HAVING gross != 0 OR refunds != 0 OR sum(credited.orders) != 0
ORDER BY period DESC, currency
