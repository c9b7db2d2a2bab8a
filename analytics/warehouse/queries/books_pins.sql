-- Question: what is the last batch of each lane of which everything is stored?
-- Columns: lane, last_batch.
SELECT bitShiftRight(batch, 40) AS lane, max(batch) AS last_batch
FROM batches
GROUP BY lane
ORDER BY lane
