-- Question: which entries of this order stand (were not taken back), under every model?
-- Parameters: order_id.
-- Columns: model, host_id (or unattributed, excess_refund), refund_id (NULL: the sale), currency, amount_minor (minor
--   units; refunds negative, excess_refund positive), weight (exact decimal, only ratios matter), basis (words), fit
--   (version of the Markov fit, 0 for none).
SELECT toString(model) AS model, toString(host_id) AS host_id, refund_id, toString(currency) AS currency,
    signed * sum(sign) AS amount_minor, weight, toString(basis) AS basis, toInt64(max(line_fit)) AS fit
FROM (
    SELECT model, host_id, refund_id, currency, sign * ledger.amount_minor AS signed, sign, weight, basis,
        fit AS line_fit
    FROM ledger
    WHERE order_id = {order_id:String}
)
GROUP BY model, host_id, refund_id, currency, signed, weight, basis
HAVING sum(sign) > 0
ORDER BY model, host_id, refund_id
