-- Question: which sellers have sessions of the hosts whose rows are seen, those with the latest first?
-- Columns: value (seller_id), text.
SELECT assumeNotNull(seller_id) AS value, value AS text
FROM roster_sessions AS sessions FINAL
WHERE isNotNull(seller_id) AND {{own_sessions}}
GROUP BY seller_id
ORDER BY max(ifNull(started_at, ended_at)) DESC, value
LIMIT 500
