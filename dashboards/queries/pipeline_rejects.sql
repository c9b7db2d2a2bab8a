-- Question: which lines can never become an event, why, and what should the producer do?
-- Columns: reason, field (NULL: the whole line), lines (count), latest (UTC), source, record_offset (NULL outside Kafka) and
--   position (where the latest one is), remedy (words).
SELECT reason, field, lines, latest, place.1 AS source, place.2 AS record_offset, place.3 AS position, place.4 AS remedy
FROM (
    SELECT toString(rejects.reason) AS reason, rejects.field AS field, toInt64(count()) AS lines,
        max(recorded_at) AS latest,
        argMax((source, record_offset, toInt64(rejects.position), remedy), (recorded_at, batch, rejects.position)) AS place
    FROM rejects
    WHERE $__timeFilter(recorded_at)
    GROUP BY reason, field
)
ORDER BY lines DESC, reason, field
LIMIT 100
