-- Question: how far behind is each lane?
-- Columns: lane (0: embedded, 1: roster, p + 2: partition p), source (of its last batch or intent), batches (stored, count),
--   newest (latest event, UTC), stored (last batch, UTC), behind (seconds from the newest event up to its last batch with events,
--   of the last thousand, to that batch being stored), unfinished (intents without a batch), waiting (seconds since the oldest of
--   them; NULL).
-- Whatever the history: a lane has at most one unfinished intent, the one after its last batch, or its first.
WITH done AS (
    SELECT lane, max(lanes.batch) AS last, bitAnd(last, 1099511627775) AS batches,
        maxIf(newest_at, newest_at > toDateTime64(0, 3, 'UTC')) AS newest
    FROM lanes
    GROUP BY lane
),
latest AS (
    SELECT bitShiftRight(batch, 40) AS lane, argMax(source, batch) AS source, max(stored_at) AS stored,
        argMaxIf(dateDiff('millisecond', newest_at, stored_at) / 1000, batch, events > 0) AS behind
    FROM batches
    WHERE batch IN (SELECT toUInt64(last - arrayJoin(range(least(batches, 1000)))) FROM done)
    GROUP BY lane
),
begun AS (
    SELECT bitShiftRight(batch, 40) AS lane, any(intents.source) AS source, count() AS unfinished, min(recorded_at) AS oldest
    FROM intents
    WHERE batch IN (
        SELECT last + 1 FROM done
        UNION ALL
        SELECT bitShiftLeft(number, 40) + 1 FROM numbers(10000) WHERE number NOT IN (SELECT lane FROM done)
    )
    GROUP BY lane
)
SELECT toInt64(lane) AS lane, if(latest.source != '', latest.source, begun.source) AS source, toInt64(done.batches) AS batches,
    if(done.batches > 0, done.newest, NULL) AS newest, if(done.batches > 0, latest.stored, NULL) AS stored,
    if(done.batches > 0, latest.behind, NULL) AS behind, toInt64(begun.unfinished) AS unfinished,
    if(begun.unfinished = 0, NULL, greatest(dateDiff('millisecond', begun.oldest, now64(3, 'UTC')), 0) / 1000) AS waiting
FROM done
FULL JOIN latest USING (lane)
FULL JOIN begun USING (lane)
ORDER BY lane
