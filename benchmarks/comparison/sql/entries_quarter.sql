-- Room entries by four sources in each quarter of an hour.
INSERT INTO entries_quarter (session_id, quarter, source, entries)
WITH {first:UInt64} + intDiv(number, 12) AS session, number % 12 AS place
SELECT concat('session-', toString(session)),
    toStartOfFifteenMinutes(
        toDateTime({now_s:Int64} - 31536000 + intDiv(session * 31520000, {sessions:UInt64}) + place * 900, 'UTC')
    ),
    source, toInt64(1 + cityHash64(session, place, source) % 40)
FROM numbers({some:UInt64} * 12)
ARRAY JOIN ['recommend', 'follow', 'search', 'paid'] AS source
