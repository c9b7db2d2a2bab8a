-- Question: which product was featured when? The latest 200.
-- Columns: time (UTC), text (words).
WITH featured AS (
    SELECT occurred_at, assumeNotNull(roster_events.session_id) AS session_id, product_id
    FROM roster_events
    WHERE type = 'product_featured' AND occurred_at >= $__fromTime AND occurred_at < $__toTime + INTERVAL 1 second
        AND {{in_sessions}} AND $__conditionalAll(host_id IN (${host:sqlstring}), $host)
    ORDER BY occurred_at DESC, event_id
    LIMIT 200
)
SELECT featured.occurred_at AS time,
    concat('featured ', ifNull(featured.product_id, ''), ': ', ifNull(nullIf(sessions.title, ''), featured.session_id)) AS text
FROM featured
LEFT JOIN roster_sessions AS sessions FINAL ON featured.session_id = sessions.session_id
ORDER BY time, text
