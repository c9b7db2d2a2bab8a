-- Question: which way did those go who bought? The evidence that each order was last credited by, step by step.
-- Columns: order_id, viewer_id, ordered_ms (ms UTC), step (from 1), host_ids (line-up of the step).
SELECT order_id, orders.viewer_id AS viewer_id, toUnixTimestamp64Milli(orders.ordered_at) AS ordered_ms, step,
    lineup AS host_ids
FROM (
    SELECT order_id, argMax(order_paths.host_ids, order_paths.batch) AS lineups FROM order_paths GROUP BY order_id
) AS latest
INNER JOIN orders ON latest.order_id = orders.order_id
ARRAY JOIN lineups AS lineup, arrayEnumerate(lineups) AS step
ORDER BY order_id, step
