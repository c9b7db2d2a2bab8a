-- Question: what was bought with this order?
-- Parameters: order_id.
-- Columns: line_id, product_id, quantity (pieces), amount (minor units), category (NULL when absent).
SELECT line_id, toString(product_id) AS product_id, quantity, amount_minor AS amount, toString(category) AS category
FROM order_lines
WHERE order_id = {order_id:String}
ORDER BY line_id
