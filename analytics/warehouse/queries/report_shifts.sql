-- Question: who was on air when, cut where a host's kind changed? Shifts that go on count up to until_ms.
-- Parameters: from_ms and until_ms (half-open).
-- Columns: session_id, host_id, kind (human, digital, unknown), start_ms, end_ms (ms UTC, half-open).
WITH kinds AS (
    SELECT host_id, kind, toUnixTimestamp64Milli(from_at) AS kind_from_ms,
        leadInFrame(toUnixTimestamp64Milli(from_at), 1, {until_ms:Int64}) OVER (
            PARTITION BY host_id ORDER BY from_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS kind_until_ms
    FROM host_kinds
),
on_air AS (
    SELECT session_id, host_id, toUnixTimestamp64Milli(started_at) AS from_ms,
        ifNull(toUnixTimestamp64Milli(ended_at), {until_ms:Int64}) AS until_ms
    FROM shifts FINAL
)
SELECT on_air.session_id AS session_id,
    on_air.host_id AS host_id,
    if(kinds.kind = '', 'unknown', toString(kinds.kind)) AS kind,
    greatest(on_air.from_ms, {from_ms:Int64}, kinds.kind_from_ms) AS start_ms,
    least(on_air.until_ms, {until_ms:Int64}, if(kinds.kind = '', {until_ms:Int64}, kinds.kind_until_ms)) AS end_ms
FROM on_air
LEFT JOIN kinds ON on_air.host_id = kinds.host_id
WHERE start_ms < end_ms
ORDER BY session_id, host_id, start_ms
