-- Question: what does each account have of each order under one booked model, in a stretch of time?
-- Parameters: model, currency ('' for all), from_ms and until_ms (half-open), posted (1: by posting time, 0: by booking
--   time), known_ms (lines written before it).
-- Columns: order_id, currency (ISO 4217 code), host_id (or unattributed, excess_refund), amount_minor (net, minor units;
--   what was refunded beyond the order is negative).
SELECT order_id, toString(posted_lines.currency) AS currency, toString(posted_lines.host_id) AS host_id,
    sum(if(host_id = 'excess_refund', -1, 1) * posted_lines.amount_minor) AS amount_minor
FROM posted_lines
WHERE model = {model:String} AND ({currency:String} = '' OR currency = {currency:String})
    AND recorded_at < fromUnixTimestamp64Milli({known_ms:Int64}, 'UTC')
    AND if({posted:UInt8} = 1, posted_at, booked_at) >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND if({posted:UInt8} = 1, posted_at, booked_at) < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND booked_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
GROUP BY order_id, currency, host_id
