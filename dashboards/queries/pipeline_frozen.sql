-- Question: how many orders did late facts want to change too late?
-- Columns: frozen (orders, of the batches taken on in the range).
SELECT toInt64(sum(batches.frozen)) AS frozen
FROM batches
WHERE $__timeFilter(recorded_at)
