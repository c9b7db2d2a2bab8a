-- Question: which scripts ran, the one begun last first?
-- Columns: value (script_id), text (with the variants that ran).
SELECT assumeNotNull(script_id) AS value,
    concat(value, ' · ', arrayStringConcat(arraySort(groupUniqArray(ifNull(variant, 'A'))), ', ')) AS text
FROM roster_events
WHERE type = 'script_started' AND isNotNull(script_id)
GROUP BY script_id
ORDER BY max(occurred_at) DESC, value
LIMIT 500
