-- Question: which kind of host was on air in the sessions of a seller?
-- Parameters: seller, from_ms and until_ms (half-open, ms UTC); shifts are cut to them.
-- Columns: kind (human, digital, unknown), as the host was registered when the shift began; start_ms, end_ms (ms UTC).
SELECT if(host_kinds.kind = '', 'unknown', toString(host_kinds.kind)) AS kind,
    greatest(toUnixTimestamp64Milli(theirs.started_at), {from_ms:Int64}) AS start_ms,
    least(ifNull(toUnixTimestamp64Milli(theirs.ended_at), {until_ms:Int64}), {until_ms:Int64}) AS end_ms
FROM (
    SELECT host_id, started_at, ended_at FROM shifts FINAL
    WHERE session_id IN (SELECT assumeNotNull(session_id) FROM sessions WHERE seller_id = {seller:String})
) AS theirs
ASOF LEFT JOIN host_kinds ON theirs.host_id = host_kinds.host_id AND theirs.started_at >= host_kinds.from_at
WHERE start_ms < end_ms
ORDER BY start_ms, end_ms, kind
