-- Every twelfth order is sent back whole a day later, if that day has come.
INSERT INTO refunds (refund_id, event_id, order_id, refunded_at, currency, amount_minor, batch)
SELECT concat('r', order_id), concat('q', order_id), order_id, ordered_at + INTERVAL 1 DAY, currency, amount_minor, 1
FROM orders
WHERE cityHash64(order_id) % 12 = 0 AND ordered_at + INTERVAL 1 DAY < toDateTime64({now_s:Int64}, 3, 'UTC')
