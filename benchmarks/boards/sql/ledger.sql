-- Every model credits the host on air; of every tenth order a third goes to the twin; a fiftieth is nobody's.
INSERT INTO ledger (order_id, model, host_id, kind, refund_id, amount_minor, currency, ordered_at, booked_at,
    recorded_at, session_id, weight, basis, sign, fit, reason, batch)
WITH toUInt32(substring(assumeNotNull(session_id), 9)) AS session,
    intDiv(toUnixTimestamp(ordered_at) - ({now_s:Int64} - 6 * 3600 - (89 - intDiv(session, 6)) * 86400), 7200) % 2 AS turn,
    concat('host-', toString(2 * (session % 6) + turn)) AS host,
    concat('host-', toString(2 * (session % 6) + 1 - turn)) AS twin,
    intDiv(amount_minor, 3) AS third,
    multiIf(cityHash64(order_id, 1) % 50 = 0, [('unattributed', amount_minor)],
        cityHash64(order_id, 2) % 10 = 0, [(host, amount_minor - third), (twin, third)],
        [(host, amount_minor)]) AS credits,
    if(order_id IN (SELECT order_id FROM refunds), [0, 1], [0]) AS booked
SELECT order_id, model, credit.1, if(back = 1, 'refund', 'sale'), if(back = 1, concat('r', order_id), NULL),
    if(back = 1, -credit.2, credit.2), currency, ordered_at, if(back = 1, ordered_at + INTERVAL 1 DAY, ordered_at),
    toDateTime64({now_s:Int64}, 3, 'UTC'), assumeNotNull(session_id), 1, 'on air at the order', 1, 0, '', 1
FROM orders
ARRAY JOIN credits AS credit
ARRAY JOIN booked AS back
ARRAY JOIN ['declared', 'on_air', 'first', 'last', 'linear', 'position', 'time_decay', 'watch_time', 'shapley',
    'markov'] AS model
