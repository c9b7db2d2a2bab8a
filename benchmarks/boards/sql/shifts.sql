-- A hand-over every two hours, between a host and the digital twin, never on a whole minute.
INSERT INTO shifts (session_id, host_id, started_at, ended_at, deleted, batch)
WITH intDiv(number, 4) AS session, number % 4 AS turn,
    {now_s:Int64} - 6 * 3600 - (89 - intDiv(session, 6)) * 86400 + turn * 7200 + 17 AS begun
SELECT concat('session-', toString(session)), concat('host-', toString(2 * (session % 6) + turn % 2)),
    toDateTime64(begun, 3, 'UTC'), if(begun + 7200 > {now_s:Int64}, NULL, toDateTime64(begun + 7200, 3, 'UTC')), 0, 1
FROM numbers(2160)
WHERE begun < {now_s:Int64}
