-- Question: how soon after it happened could an event be queried? Weighed by events.
-- Columns: time (begin of the step), p50, p95, p99 (seconds from the newest event up to and with a batch to its being stored).
SELECT $__timeInterval(recorded_at) AS time, late[1] AS p50, late[2] AS p95, late[3] AS p99
FROM (
    SELECT $__timeInterval(recorded_at) AS recorded_at,
        quantilesExactWeighted(0.5, 0.95, 0.99)(dateDiff('millisecond', newest_at, stored_at) / 1000, batches.events) AS late
    FROM batches
    WHERE $__timeFilter(batches.recorded_at) AND batches.events > 0
    GROUP BY recorded_at
)
ORDER BY time
