-- Question: who has the credit of these orders now, how much, and why?
-- A restatement takes a host off (orders -1) or puts it on (orders +1): hosts that are off are left out.
-- Parameters: order_ids, model ('' for every model).
-- Columns: order_id, model, host_id, gross and refunds (minor units, exact decimals), weight (exact decimal,
--   only ratios matter), basis (words), fit (version of the Markov fit, 0 for none), restated (count of lines).
SELECT order_id, toString(model) AS model, toString(host_id) AS host_id,
    toDecimal128(sumIf(toInt128(amount_minor), isNull(refund_id)), 0) AS gross,
    toDecimal128(-sumIf(toInt128(amount_minor), isNotNull(refund_id)), 0) AS refunds,
    argMaxIf(weight, batch, orders > 0) AS weight,
    toString(argMaxIf(basis, batch, orders > 0)) AS basis,
    toInt64(argMaxIf(fit, batch, orders > 0)) AS fit,
    toInt64(countIf(kind = 'restatement')) AS restated
FROM ledger
WHERE order_id IN {order_ids:Array(String)} AND ({model:String} = '' OR model = {model:String})
GROUP BY order_id, model, host_id
HAVING sum(ledger.orders) > 0 OR host_id = 'excess_refund'
ORDER BY order_id, model, gross DESC, host_id
