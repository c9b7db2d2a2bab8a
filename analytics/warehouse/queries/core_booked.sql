-- Which entries of these orders stand (were not taken back)? Times in milliseconds UTC, amounts in minor units.
SELECT order_id, model, host_id, refund_id, any(sign * amount_minor) AS amount_minor, currency,
    toUnixTimestamp64Milli(ordered_at) AS ordered_ms, toUnixTimestamp64Milli(booked_at) AS booked_ms,
    nullIf(session_id, '') AS session_id, weight, basis
FROM ledger
WHERE order_id IN (SELECT arrayJoin({order_ids:Array(String)})) AND batch != {batch:UInt64}
GROUP BY order_id, model, host_id, refund_id, sign * amount_minor, currency, ordered_at, booked_at, session_id, weight, basis
HAVING sum(sign) > 0
