-- Question: where did the people come from who entered each session, by hour of the seller?
-- Parameters: zone, from_ms and until_ms (half-open).
-- Columns: session_id, hour_ms (begin of the hour in the zone, ms UTC), source ('' when untold), entries (room entries).
SELECT toString(entries_quarter.session_id) AS session_id,
    toInt64(toUnixTimestamp(toStartOfHour(quarter, {zone:String}))) * 1000 AS hour_ms,
    toString(entries_quarter.source) AS source,
    toInt64(sum(entries_quarter.entries)) AS entries
FROM entries_quarter
WHERE quarter >= fromUnixTimestamp64Milli({from_ms:Int64}) AND quarter < fromUnixTimestamp64Milli({until_ms:Int64})
GROUP BY session_id, hour_ms, source
ORDER BY session_id, hour_ms, source
