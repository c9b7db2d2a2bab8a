-- Question: what is left of the sales of each period, whenever their refunds were booked?
-- Columns: period (first day, of the order), currency, gross, refunds (so far, those beyond an order too), net (money),
--   refund_rate (refunds / gross).
WITH {{finance_credited}},
taken_back AS (
    SELECT toStartOfMinute(ordered_at) AS minute, host_id, currency, -sum(toInt128(amount_minor)) AS refunds
    FROM ledger
    WHERE model = ${model:sqlstring} AND isNotNull(refund_id) AND $__timeFilter(toStartOfMinute(ordered_at)) AND {{in_sessions}}
    GROUP BY minute, host_id, currency
),
figures AS (
    SELECT minute, host_id, kind, currency, gross, toInt128(0) AS refunds, orders FROM credited WHERE orders != 0 OR gross != 0
    UNION ALL
    SELECT taken_back.minute, toString(taken_back.host_id),
        multiIf(
            taken_back.host_id IN ('unattributed', 'excess_refund'), toString(taken_back.host_id),
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        ),
        toString(taken_back.currency), toInt128(0),
        if(taken_back.host_id = 'excess_refund', 0 - taken_back.refunds, taken_back.refunds), 0
    FROM taken_back
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON taken_back.host_id = host_kinds.host_id AND toDateTime64(taken_back.minute, 3, 'UTC') >= host_kinds.from_at
)
SELECT {{finance_period}} AS period, currency,
    toDecimal128(sum(figures.gross), 4) / {{row_units}} AS gross,
    toDecimal128(sum(figures.refunds), 4) / {{row_units}} AS refunds,
    toDecimal128(sum(figures.gross - figures.refunds), 4) / {{row_units}} AS net,
    sum(figures.refunds) / nullIf(sum(figures.gross), 0) AS refund_rate
FROM figures
WHERE {{hosts_chosen}}
GROUP BY period, currency
HAVING gross != 0 OR refunds != 0 OR sum(orders) != 0
ORDER BY period DESC, currency
