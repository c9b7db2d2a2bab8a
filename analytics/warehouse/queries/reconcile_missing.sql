-- Question: which orders have no sale that stands, under one model?
-- Parameters: model ('' for any model at all).
-- Columns: currency (ISO 4217 code), orders (count), missing (up to 20 of them).
SELECT toString(currency) AS currency, toInt64(count()) AS orders, groupArraySorted(20)(order_id) AS missing
FROM orders
WHERE order_id NOT IN (
    SELECT order_id FROM ledger
    WHERE isNull(refund_id) AND ({model:String} = '' OR model = {model:String})
    GROUP BY order_id, model
    HAVING sum(sign) > 0
)
GROUP BY currency
ORDER BY currency
