-- Fragment: the function half_even(n, d), n / d in whole numbers, half to even, NULL where d is 0: exact, as d has fewer than
-- 24 digits; and the table clipped: who was on air in the range (session_id, host_id, started_at, start_ms, end_ms: clipped,
-- half-open, ms UTC; a shift that goes on lasts to the newest event).
(n, d) -> roundBankers(toDecimal256(n, 24) / if(d > 0, d, NULL)) AS half_even,
clipped AS (
    SELECT session_id, host_id, started_at,
        greatest(toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli($__fromTime_ms)) AS start_ms,
        least(
            toUnixTimestamp64Milli($__toTime_ms) + 1,
            ifNull(
                toUnixTimestamp64Milli(ended_at),
                assumeNotNull((SELECT max(toUnixTimestamp64Milli(newest_at)) FROM lanes))
            )
        ) AS end_ms
    FROM shifts FINAL
    WHERE {{in_sessions}} AND start_ms < end_ms
)
