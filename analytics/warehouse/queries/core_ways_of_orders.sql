-- Which line-ups does the evidence of these orders show, leaving one batch out?
-- Columns: order_id, former_host_ids (the latest evidence, step by step).
SELECT order_id, argMax(order_paths.host_ids, order_paths.batch) AS former_host_ids
FROM order_paths
WHERE order_id IN (SELECT arrayJoin({order_ids:Array(String)})) AND order_paths.batch != {batch:UInt64}
GROUP BY order_id
