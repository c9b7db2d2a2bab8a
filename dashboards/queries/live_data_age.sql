-- Question: how old is the newest event, whatever the range?
-- Columns: age (seconds; NULL before the first batch).
SELECT if(count() = 0, NULL, greatest(dateDiff('millisecond', max(newest_at), now64(3, 'UTC')), 0) / 1000) AS age
FROM lanes
