-- Question: what of this order was booked otherwise before, when was it restated, and why?
-- Parameters: order_id.
-- Columns: recorded_ms (when the line was written, ms UTC), batch, reason (words), model, host_id, refund_id (NULL: the
--   sale), sign (-1: taken back, 1: entered anew), currency, amount_minor (minor units, as in the ledger), basis (words).
SELECT toUnixTimestamp64Milli(recorded_at) AS recorded_ms, toInt64(batch) AS batch, toString(reason) AS reason,
    toString(model) AS model, toString(host_id) AS host_id, refund_id, toInt64(sign) AS sign,
    toString(currency) AS currency, amount_minor, toString(basis) AS basis
FROM ledger
WHERE order_id = {order_id:String} AND kind = 'restatement'
ORDER BY ledger.batch, model, refund_id NULLS FIRST, sign, host_id
