-- Question: how far behind is each lane?
-- Columns: lane (0: embedded, 1: roster, p + 2: partition p), source (of its last batch or intent), batches (stored, count),
--   newest (latest event, UTC), stored (last batch, UTC), behind (seconds from the newest event of its last batch with events to
--   that batch being stored), unfinished (intents without a batch), waiting (seconds since the oldest of them; NULL).
WITH done AS (
    SELECT bitShiftRight(batch, 40) AS lane, argMax(source, batch) AS source, count() AS batches, max(batch) AS last,
        maxIf(newest_at, newest_at > toDateTime64(0, 3, 'UTC')) AS newest, max(stored_at) AS stored,
        argMaxIf(dateDiff('millisecond', newest_at, stored_at) / 1000, batch, events > 0) AS behind
    FROM batches
    GROUP BY lane
),
begun AS (
    SELECT intents.lane AS lane, argMax(intents.source, intents.batch) AS source,
        uniqExactIf(intents.batch, intents.batch > done.last) AS unfinished,
        minIfOrNull(intents.recorded_at, intents.batch > done.last) AS oldest
    FROM (SELECT batch, bitShiftRight(batch, 40) AS lane, source, recorded_at FROM intents) AS intents
    LEFT JOIN done ON intents.lane = done.lane
    GROUP BY lane
)
SELECT toInt64(if(done.batches > 0, done.lane, begun.lane)) AS lane, if(done.batches > 0, done.source, begun.source) AS source,
    toInt64(done.batches) AS batches, if(done.batches > 0, done.newest, NULL) AS newest,
    if(done.batches > 0, done.stored, NULL) AS stored, if(done.batches > 0, done.behind, NULL) AS behind,
    toInt64(begun.unfinished) AS unfinished,
    if(isNull(begun.oldest), NULL, greatest(dateDiff('millisecond', begun.oldest, now64(3, 'UTC')), 0) / 1000) AS waiting
FROM done
FULL JOIN begun ON done.lane = begun.lane
ORDER BY lane
