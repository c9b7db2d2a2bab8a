-- Where did we stop? The last batch, and the newest event time so far (milliseconds UTC).
SELECT max(batch) AS batch, toUnixTimestamp64Milli(max(newest_at)) AS newest_ms FROM batches
