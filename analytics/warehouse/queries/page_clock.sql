-- Question: how far has the feed come?
-- Columns: batches (stored, count), newest_ms (latest occurred_at, ms UTC; NULL before the first batch).
SELECT toInt64(sum(bitAnd(last, 1099511627775))) AS batches, maxOrNull(toUnixTimestamp64Milli(newest)) AS newest_ms
FROM (SELECT max(batch) AS last, max(newest_at) AS newest FROM lanes GROUP BY lane)
