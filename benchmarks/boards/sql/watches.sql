-- Rows number `first` to `first + rows` of `all` watches: joins and leaves, about ten minutes each, never beyond now.
INSERT INTO viewer_events (event_id, type, occurred_at, session_id, viewer_id, count, recorded_at, batch)
WITH intDiv(number * 540, {all:UInt64}) AS session,
    {now_s:Int64} - 6 * 3600 - (89 - intDiv(session, 6)) * 86400 AS begun,
    (begun + cityHash64(number, 2) % least(28800, {now_s:Int64} - begun)) * 1000 AS joined,
    least(joined + 1 + toInt64(cityHash64(number, 3) % 1200000), {now_s:Int64} * 1000) AS gone
SELECT concat(turn.1, toString(number)), turn.2, fromUnixTimestamp64Milli(toInt64(turn.3), 'UTC'),
    concat('session-', toString(session)), concat('viewer-', toString(cityHash64(number, 1) % {viewers:UInt64})), 1,
    now('UTC'), 1
FROM numbers({first:UInt64}, {rows:UInt64})
ARRAY JOIN [('j', 'viewer_joined', toInt64(joined)), ('g', 'viewer_left', toInt64(gone))] AS turn
