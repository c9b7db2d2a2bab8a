-- What does a new batch stand on? The last closed batch of the roster and the offset after it, the latest closed Markov fit,
-- the newest event time (milliseconds UTC) of any batch since a time.
SELECT
    (SELECT max(batch) FROM batches WHERE batch BETWEEN {first:UInt64} AND {last:UInt64}) AS roster_batch,
    (SELECT max(last_offset) FROM batches WHERE batch BETWEEN {first:UInt64} AND {last:UInt64}) AS roster_offset,
    (
        SELECT max(fit) FROM markov_fits
        WHERE batch IN (SELECT batch FROM batches WHERE batch IN (SELECT batch FROM markov_fits))
    ) AS fit,
    toUnixTimestamp64Milli(max(newest_at)) AS newest_ms
FROM batches WHERE recorded_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
