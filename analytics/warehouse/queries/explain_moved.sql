-- Question: which lines of this order came after their month was closed, and in which month do they count?
-- Parameters: order_id.
-- Columns: period (month in which it counts), booked_period (month to which it belongs), booked_ms (ms UTC), model,
--   host_id, refund_id (NULL: the sale), kind (sale, refund, restatement), currency, amount_minor (minor units, as in the
--   ledger), batch.
SELECT period, booked_period, toUnixTimestamp64Milli(booked_at) AS booked_ms, toString(posted_lines.model) AS model,
    toString(posted_lines.host_id) AS host_id, refund_id, toString(posted_lines.kind) AS kind,
    toString(posted_lines.currency) AS currency, amount_minor, toInt64(posted_lines.batch) AS batch
FROM posted_lines
WHERE order_id = {order_id:String} AND is_moved
ORDER BY posted_lines.batch, model, refund_id NULLS FIRST, amount_minor, host_id
