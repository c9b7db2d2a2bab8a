-- Where did we stop? The last batch of a lane (batches first to last), and its newest event time (milliseconds UTC).
SELECT max(batch) AS batch, toUnixTimestamp64Milli(max(newest_at)) AS newest_ms
FROM (
    SELECT batch, newest_at FROM batches WHERE batch BETWEEN {first:UInt64} AND {last:UInt64} ORDER BY batch DESC LIMIT 1
)
