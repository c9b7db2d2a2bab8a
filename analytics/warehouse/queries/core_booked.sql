-- Which entries of these orders stand (were not taken back)? Times in milliseconds UTC, amounts in minor units.
SELECT order_id, model, host_id, refund_id, amount_minor, currency, ordered_ms, booked_ms, session_id, weight, basis,
    max(line_fit) AS fit
FROM (
    SELECT order_id, model, host_id, refund_id, sign * ledger.amount_minor AS amount_minor, currency,
        toUnixTimestamp64Milli(ordered_at) AS ordered_ms, toUnixTimestamp64Milli(booked_at) AS booked_ms,
        nullIf(ledger.session_id, '') AS session_id, weight, basis, fit AS line_fit, sign
    FROM ledger
    WHERE order_id IN (SELECT arrayJoin({order_ids:Array(String)})) AND batch NOT IN {batches:Array(UInt64)}
)
GROUP BY order_id, model, host_id, refund_id, amount_minor, currency, ordered_ms, booked_ms, session_id, weight, basis
HAVING sum(sign) > 0
