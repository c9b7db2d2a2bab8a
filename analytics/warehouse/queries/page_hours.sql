-- Question: how long was each host on air in the window, by the kind it had when the shift began?
-- Parameters: from_ms and until_ms (half-open; until_ms is the clock, also for shifts that go on).
-- Columns: host_id, kind (human, digital, unknown), live_ms (milliseconds, summed over sessions).
WITH clipped AS (
    SELECT host_id, started_at,
        greatest(toUnixTimestamp64Milli(started_at), {from_ms:Int64}) AS begin_ms,
        least(ifNull(toUnixTimestamp64Milli(ended_at), {until_ms:Int64}), {until_ms:Int64}) AS end_ms
    FROM shifts FINAL
    WHERE begin_ms < end_ms
)
SELECT clipped.host_id AS host_id,
    if(host_kinds.kind = '', 'unknown', toString(host_kinds.kind)) AS kind,
    toInt64(sum(end_ms - begin_ms)) AS live_ms
FROM clipped
ASOF LEFT JOIN host_kinds
    ON clipped.host_id = host_kinds.host_id AND clipped.started_at >= host_kinds.from_at
GROUP BY host_id, kind
ORDER BY host_id, kind
