-- Question: who has the credit of these orders now, how much, and why?
-- A restatement takes an entry back (sign -1) or makes one anew (sign 1): hosts without a standing entry are left out.
-- Parameters: order_ids, model ('' for every model).
-- Columns: order_id, model, host_id, gross and refunds (minor units, exact decimals), weight (exact decimal,
--   only ratios matter), basis (words), fit (version of the Markov fit, 0 for none), restated (count of lines).
SELECT order_id, toString(model) AS model, toString(host_id) AS host_id,
    toDecimal128(sumIf(toInt128(amount_minor), isNull(refund_id)), 0) AS gross,
    toDecimal128(-sumIf(toInt128(amount_minor), isNotNull(refund_id)), 0) AS refunds,
    argMaxIf(weight, batch, sign > 0 AND isNull(refund_id)) AS weight,
    toString(argMaxIf(basis, batch, sign > 0 AND isNull(refund_id))) AS basis,
    toInt64(argMaxIf(fit, batch, sign > 0 AND isNull(refund_id))) AS fit,
    toInt64(countIf(kind = 'restatement')) AS restated
FROM ledger
WHERE order_id IN {order_ids:Array(String)} AND ({model:String} = '' OR model = {model:String})
GROUP BY order_id, model, host_id
HAVING sumIf(sign, isNull(refund_id)) > 0 OR (host_id = 'excess_refund' AND refunds != 0)
ORDER BY order_id, model, gross DESC, host_id
