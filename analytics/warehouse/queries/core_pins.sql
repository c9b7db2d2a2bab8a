-- What does a new batch stand on? The last closed batch of the roster (a lane, batches first to last) and the offset after it, the
-- latest closed Markov fit, the newest event time (milliseconds UTC) of lanes with a batch since a time, the last batches of lanes.
WITH roster AS (
    SELECT batch, last_offset FROM batches WHERE batch BETWEEN {first:UInt64} AND {last:UInt64} ORDER BY batch DESC LIMIT 1
),
ends AS (
    SELECT max(lanes.batch) AS batch, max(lanes.newest_at) AS newest_at, max(lanes.recorded_at) AS recorded_at
    FROM lanes GROUP BY lane
)
SELECT
    (SELECT batch FROM roster) AS roster_batch,
    (SELECT last_offset FROM roster) AS roster_offset,
    (
        SELECT max(fit) FROM markov_fits
        WHERE batch IN (SELECT batch FROM batches WHERE batch IN (SELECT batch FROM markov_fits))
    ) AS fit,
    toUnixTimestamp64Milli(maxIf(newest_at, recorded_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC'))) AS newest_ms,
    arraySort(groupArray(batch)) AS seen
FROM ends
