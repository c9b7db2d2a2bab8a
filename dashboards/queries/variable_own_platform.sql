-- Question: on which platforms were the hosts whose rows are seen, that of the latest session first?
-- Columns: value (platform), text.
SELECT toString(assumeNotNull(platform)) AS value, value AS text
FROM roster_sessions AS sessions FINAL
WHERE isNotNull(platform) AND {{own_sessions}}
GROUP BY platform
ORDER BY max(ifNull(started_at, ended_at)) DESC, value
LIMIT 500
