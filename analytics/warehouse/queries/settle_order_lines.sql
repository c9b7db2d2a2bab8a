-- Question: what was bought in the orders of a period that the hosts of these contracts are credited with?
-- Parameters: model; host_ids; from_ms, until_ms (the period: posted in it, half-open, ms UTC).
-- Columns: order_id, line_id, category (NULL when absent), amount_minor (minor units; negative for a discount line).
SELECT order_lines.order_id AS order_id, order_lines.line_id AS line_id, toString(order_lines.category) AS category,
    order_lines.amount_minor AS amount_minor
FROM order_lines
WHERE order_lines.order_id IN (
    SELECT posted_lines.order_id FROM posted_lines
    WHERE model = {model:String} AND host_id IN {host_ids:Array(String)}
        AND posted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND posted_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
)
ORDER BY order_id, line_id
