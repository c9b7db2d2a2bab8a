-- Question: where did most of the people come from who entered each session, by hour of the seller?
-- Parameters: zone, from_ms and until_ms (half-open).
-- Columns: session_id, hour_ms (begin of the hour in the zone, ms UTC), source (of most room entries, the first by name where
--   several are; '' untold), entries (room entries from anywhere). No order.
SELECT toString(entered.session_id) AS session_id, toInt64(toUnixTimestamp(hour)) * 1000 AS hour_ms,
    toString(sources[indexOf(counts, arrayMax(counts))]) AS source, arraySum(counts) AS entries
FROM (
    SELECT entries_quarter.session_id AS session_id, toStartOfHour(quarter, {zone:String}) AS hour,
        sumMap([entries_quarter.source], [entries_quarter.entries]) AS by_source, by_source.1 AS sources, by_source.2 AS counts
    FROM entries_quarter
    WHERE quarter >= fromUnixTimestamp64Milli({from_ms:Int64}) AND quarter < fromUnixTimestamp64Milli({until_ms:Int64})
    GROUP BY session_id, hour
) AS entered
