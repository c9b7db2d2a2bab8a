-- Sessions number `first` on, `some` of them: people come and go in each of 180 minutes, about thirty are there.
INSERT INTO presence_minute (session_id, minute, change, change_ms)
WITH {first:UInt64} + intDiv(number, 180) AS session, number % 180 AS place
SELECT concat('session-', toString(session)),
    toStartOfMinute(toDateTime({now_s:Int64} - 31536000 + intDiv(session * 31520000, {sessions:UInt64}) + place * 60, 'UTC')),
    multiIf(place = 0, 30, place = 179, -30 - toInt64(cityHash64(session, 178) % 10), toInt64(cityHash64(session, place) % 10))
        - if(place IN (0, 179), 0, toInt64(cityHash64(session, place - 1) % 10)),
    toInt64(cityHash64(session, place, 1) % 60000)
FROM numbers({some:UInt64} * 180)
