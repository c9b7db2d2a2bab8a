-- Question: which scripts and variants ran?
-- Columns: script_id, variants (sorted), starts (count), first_ms, last_ms (ms UTC).
SELECT assumeNotNull(script_id) AS script_id, arraySort(groupUniqArray(ifNull(variant, 'A'))) AS variants,
    toInt64(count()) AS starts, min(toUnixTimestamp64Milli(occurred_at)) AS first_ms,
    max(toUnixTimestamp64Milli(occurred_at)) AS last_ms
FROM roster_events WHERE type = 'script_started' AND script_id IS NOT NULL
GROUP BY script_id
ORDER BY script_id
