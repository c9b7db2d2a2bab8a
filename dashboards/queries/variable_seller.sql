-- Question: which sellers are there, those with the latest sessions first?
-- Columns: value (seller_id), text.
SELECT assumeNotNull(seller_id) AS value, value AS text
FROM roster_sessions AS sessions FINAL
WHERE isNotNull(seller_id)
GROUP BY seller_id
ORDER BY max(ifNull(started_at, ended_at)) DESC, value
LIMIT 500
