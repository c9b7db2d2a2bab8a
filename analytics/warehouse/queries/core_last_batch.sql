-- Where did we stop? The last batch of a lane (batches first to last), and its newest event time (milliseconds UTC).
SELECT max(batches.batch) AS batch, toUnixTimestamp64Milli(max(newest_at)) AS newest_ms FROM batches
WHERE batches.batch BETWEEN {first:UInt64} AND {last:UInt64}
