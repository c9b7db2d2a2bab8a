-- The changes of presence of the same watches.
INSERT INTO presence (session_id, viewer_id, at, change, recorded_at, batch)
WITH intDiv(number * 540, {all:UInt64}) AS session,
    {now_s:Int64} - 6 * 3600 - (89 - intDiv(session, 6)) * 86400 AS begun,
    (begun + cityHash64(number, 2) % least(28800, {now_s:Int64} - begun)) * 1000 AS joined,
    least(joined + 1 + toInt64(cityHash64(number, 3) % 1200000), {now_s:Int64} * 1000) AS gone
SELECT concat('session-', toString(session)), concat('viewer-', toString(cityHash64(number, 1) % {viewers:UInt64})),
    fromUnixTimestamp64Milli(turn.1, 'UTC'), turn.2, now('UTC'), 1
FROM numbers({first:UInt64}, {rows:UInt64})
ARRAY JOIN [(toInt64(joined), toInt8(1)), (toInt64(gone), toInt8(-1))] AS turn
