-- Refunds by their ids. Times in milliseconds UTC, amounts in minor units.
SELECT refund_id, event_id, order_id, toUnixTimestamp64Milli(refunded_at) AS refunded_ms, currency, amount_minor, reason,
    batch
FROM refunds WHERE refund_id IN (SELECT arrayJoin({refund_ids:Array(String)})) AND batch NOT IN {batches:Array(UInt64)}
