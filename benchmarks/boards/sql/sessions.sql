-- Six rooms a day for ninety days, open for eight hours; those of the last day have been open for six and go on.
INSERT INTO roster_events (event_id, type, occurred_at, session_id, platform, seller_id, title, category)
WITH {now_s:Int64} - 6 * 3600 - (89 - intDiv(number, 6)) * 86400 AS begun
SELECT concat(turn.1, toString(number)), turn.2, toDateTime64(turn.3, 3, 'UTC'), concat('session-', toString(number)),
    ['douyin', 'tiktok_shop', 'taobao_live'][1 + number % 3], concat('seller-', toString(number % 4)),
    concat('Room ', toString(number)), 'beauty'
FROM numbers(540)
ARRAY JOIN [('s', 'session_started', begun), ('e', 'session_ended', begun + 8 * 3600)] AS turn
WHERE turn.3 < {now_s:Int64}
