-- Paid orders; every twentieth in yen.
INSERT INTO orders (order_id, event_id, viewer_id, ordered_at, session_id, currency, amount_minor, items, batch)
WITH intDiv(number * 540, {all:UInt64}) AS session,
    {now_s:Int64} - 6 * 3600 - (89 - intDiv(session, 6)) * 86400 AS begun
SELECT concat('order-', toString(number)), concat('p', toString(number)),
    concat('viewer-', toString(cityHash64(number, 9) % {viewers:UInt64})),
    fromUnixTimestamp64Milli(toInt64(begun + cityHash64(number, 7) % least(28800, {now_s:Int64} - begun)) * 1000, 'UTC'),
    concat('session-', toString(session)), if(cityHash64(number, 10) % 20 = 0, 'JPY', 'CNY'),
    toInt64(1000 + cityHash64(number, 8) % 90000), 2, 1
FROM numbers({all:UInt64})
