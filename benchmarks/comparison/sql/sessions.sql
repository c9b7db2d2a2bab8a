-- Sessions evenly over the year, on three platforms, of forty sellers, in four categories.
INSERT INTO roster_events (event_id, type, occurred_at, session_id, platform, seller_id, category)
SELECT concat('s', toString(number)), 'session_started',
    toDateTime64({now_s:Int64} - 31536000 + intDiv(number * 31520000, {sessions:UInt64}), 3, 'UTC'),
    concat('session-', toString(number)), ['douyin', 'tiktok_shop', 'taobao_live'][1 + number % 3],
    concat('seller-', toString(number % 40)), ['beauty', 'food', 'shoes', 'toys'][1 + cityHash64(number) % 4]
FROM numbers({sessions:UInt64})
