-- Question: which platforms are there, those with the latest sessions first?
-- Columns: value (platform), text.
SELECT toString(assumeNotNull(platform)) AS value, value AS text
FROM roster_sessions AS sessions FINAL
WHERE isNotNull(platform)
GROUP BY platform
ORDER BY max(ifNull(started_at, ended_at)) DESC, value
LIMIT 500
