-- Question: which part of the lines of the last 15 minutes was rejected? No row without lines.
-- Columns: share (part of one).
SELECT sum(rejects) / nullIf(sum(events) + sum(repeats) + sum(rejects), 0) AS share
FROM batches
WHERE recorded_at >= now64(3, 'UTC') - INTERVAL 15 minute
HAVING isNotNull(share)
