-- Question: what did each kind of host earn?
-- Columns: kind (human, digital, unknown, unattributed, excess_refund), currency, gross, refunds, net (money), orders (once
--   for each host that an order lists, count), share (of the currency's gross).
WITH {{finance_credited}}
SELECT kind, currency,
    toDecimal128(sum(credited.gross), 4) / {{row_units}} AS gross,
    toDecimal128(sum(credited.refunds), 4) / {{row_units}} AS refunds,
    toDecimal128(sum(credited.gross - credited.refunds), 4) / {{row_units}} AS net,
    toInt64(sum(credited.orders)) AS orders,
    sum(credited.gross) / nullIf(sum(sum(credited.gross)) OVER (PARTITION BY currency), 0) AS share
FROM credited
WHERE {{hosts_chosen}}
GROUP BY kind, currency
HAVING gross != 0 OR refunds != 0 OR orders != 0
ORDER BY currency, gross DESC, kind
