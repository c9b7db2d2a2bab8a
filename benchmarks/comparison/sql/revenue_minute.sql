-- About a hundred orders a session, in 77 of its 180 minutes, credited to the host on air, under a model.
INSERT INTO revenue_minute (model, minute, currency, session_id, host_id, gross, refunds, orders)
WITH {first:UInt64} + intDiv(number, 180) AS session, number % 180 AS place
SELECT {model:String},
    toStartOfMinute(toDateTime({now_s:Int64} - 31536000 + intDiv(session * 31520000, {sessions:UInt64}) + place * 60, 'UTC')),
    'CNY', concat('session-', toString(session)),
    concat('host-', toString(2 * (session % 300) + (4 * session + intDiv(place, 45) + cityHash64(session)) % 2)),
    toInt128(1000 + cityHash64(session, place, 2) % 20000), 0,
    if(cityHash64(session, place, 3) % 10 < 3, 2, 1)
FROM numbers({some:UInt64} * 180)
WHERE cityHash64(session, place, 4) % 1000 < 428
