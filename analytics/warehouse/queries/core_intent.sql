-- What is a batch to be? The intent that stands for it, if any. Times in milliseconds UTC.
SELECT batch, kind, source, first_position, last_offset, toUnixTimestamp64Milli(recorded_at) AS recorded_ms, roster_batch,
    fit, newest_ms
FROM intents WHERE batch = {batch:UInt64} ORDER BY recorded_at LIMIT 1
