-- All refunds, waiting ones too. Times in milliseconds UTC, amounts in minor units.
SELECT refund_id, event_id, order_id, toUnixTimestamp64Milli(refunded_at) AS refunded_ms, currency, amount_minor, reason
FROM refunds WHERE batch != {batch:UInt64}
