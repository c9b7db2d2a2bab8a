-- Question: how old is the newest event? No row before the first batch.
-- Columns: age (seconds).
SELECT greatest(dateDiff('millisecond', max(newest_at), now64(3, 'UTC')), 0) / 1000 AS age
FROM lanes
HAVING count() > 0
