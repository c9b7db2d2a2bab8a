-- Question: what was bought with this order?
-- Parameters: order_id.
-- Columns: line_id, product_id, quantity (pieces), category (NULL when absent), currency, amount_minor (minor units).
SELECT line_id, toString(product_id) AS product_id, quantity, toString(category) AS category,
    toString(currency) AS currency, amount_minor
FROM order_lines
WHERE order_id = {order_id:String}
ORDER BY line_id
