-- Question: how far has the feed come, and what did it bring in all?
-- Columns: batches (stored, count), events, repeats, rejects, restatements, frozen (counts),
--   newest_ms (latest occurred_at, ms UTC; NULL before the first batch).
SELECT toInt64(count()) AS batches,
    toInt64(sum(events)) AS events,
    toInt64(sum(repeats)) AS repeats,
    toInt64(sum(rejects)) AS rejects,
    toInt64(sum(restatements)) AS restatements,
    toInt64(sum(frozen)) AS frozen,
    maxOrNull(toUnixTimestamp64Milli(newest_at)) AS newest_ms
FROM batches
