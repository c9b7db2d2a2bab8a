-- Clicks, carts, likes and comments: rows number `first` to `first + rows` of `all`.
INSERT INTO viewer_events (event_id, type, occurred_at, session_id, viewer_id, product_id, count, recorded_at, batch)
WITH intDiv(number * 540, {all:UInt64}) AS session,
    {now_s:Int64} - 6 * 3600 - (89 - intDiv(session, 6)) * 86400 AS begun,
    ['product_clicked', 'product_clicked', 'product_clicked', 'cart_added', 'liked', 'liked', 'commented'] AS types
SELECT concat('o', toString(number)), types[1 + cityHash64(number, 4) % 7],
    fromUnixTimestamp64Milli(toInt64(begun + cityHash64(number, 5) % least(28800, {now_s:Int64} - begun)) * 1000, 'UTC'),
    concat('session-', toString(session)), concat('viewer-', toString(cityHash64(number, 6) % {viewers:UInt64})),
    concat('SKU-', toString(number % 200)), 1, now('UTC'), 1
FROM numbers({first:UInt64}, {rows:UInt64})
