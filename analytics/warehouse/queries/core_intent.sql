-- What is a batch to be? Its intents: the first one stands, if there is any. Times in milliseconds UTC.
SELECT batch, kind, source, first_position, last_offset, toUnixTimestamp64Milli(recorded_at) AS recorded_ms, roster_batch,
    fit, newest_ms
FROM intents WHERE batch = {batch:UInt64}
