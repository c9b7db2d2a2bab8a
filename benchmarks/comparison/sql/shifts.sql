-- Three hours each, a hand-over every 45 minutes, in the middle of a minute; who begins changes.
INSERT INTO shifts (session_id, host_id, started_at, ended_at, deleted, batch)
WITH intDiv(number, 4) AS session,
    {now_s:Int64} - 31536000 + intDiv(session * 31520000, {sessions:UInt64}) + (number % 4) * 2700 + 17 AS begun
SELECT concat('session-', toString(session)),
    concat('host-', toString(2 * (session % 300) + (number + cityHash64(session)) % 2)),
    toDateTime64(begun, 3, 'UTC'), toDateTime64(begun + 2700, 3, 'UTC'), 0, 1
FROM numbers({sessions:UInt64} * 4)
