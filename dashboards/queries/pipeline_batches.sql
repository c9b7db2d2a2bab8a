-- Question: what did the latest 50 batches bring?
-- Columns: time (taken on, UTC), lane, number (in the lane), source, events, repeats, rejects, restatements (counts), took
--   (seconds until stored), latency (seconds from the newest event up to and with it to stored; NULL without events).
SELECT recorded_at AS time, toInt64(bitShiftRight(batch, 40)) AS lane, toInt64(bitAnd(batch, 1099511627775)) AS number,
    source,
    toInt64(batches.events) AS events, toInt64(batches.repeats) AS repeats, toInt64(batches.rejects) AS rejects,
    toInt64(batches.restatements) AS restatements,
    dateDiff('millisecond', recorded_at, stored_at) / 1000 AS took,
    if(events > 0, dateDiff('millisecond', newest_at, stored_at) / 1000, NULL) AS latency
FROM batches
WHERE $__timeFilter(recorded_at)
ORDER BY recorded_at DESC, batch DESC
LIMIT 50
