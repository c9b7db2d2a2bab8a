-- Question: how far has the feed come?
-- Columns: batches (stored, count), newest_ms (latest occurred_at, ms UTC; NULL before the first batch).
SELECT toInt64(count()) AS batches, maxOrNull(toUnixTimestamp64Milli(newest_at)) AS newest_ms
FROM batches
