-- Question: which refunds exceed what was paid?
-- Columns: order_id, refund_id, time (booked), amount (money), currency; the latest 200.
SELECT order_id, assumeNotNull(refund_id) AS refund_id, toDateTime64(max(booked_at), 3, 'UTC') AS time,
    toDecimal128(sum(toInt128(amount_minor)), 4) / {{row_units}} AS amount,
    toString(ledger.currency) AS currency
FROM ledger
WHERE model = ${model:sqlstring} AND host_id = 'excess_refund' AND $__timeFilter(toStartOfMinute(booked_at)) AND {{in_sessions}}
GROUP BY order_id, refund_id, currency
ORDER BY time DESC, order_id, refund_id
LIMIT 200
