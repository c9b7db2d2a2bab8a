-- What does a new batch stand on? The last closed batch of the roster and the offset after it, the latest closed Markov fit,
-- the newest event time (milliseconds UTC) of any batch since a time.
SELECT
    maxIf(batch, batch BETWEEN {first:UInt64} AND {last:UInt64}) AS roster_batch,
    maxIf(last_offset, batch BETWEEN {first:UInt64} AND {last:UInt64}) AS roster_offset,
    (
        SELECT max(fit) FROM markov_fits
        WHERE batch IN (SELECT batch FROM batches WHERE batch IN (SELECT batch FROM markov_fits))
    ) AS fit,
    toUnixTimestamp64Milli(maxIf(newest_at, recorded_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC'))) AS newest_ms
FROM batches
