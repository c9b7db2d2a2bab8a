-- What are batches to be? Their intents: the first one of each stands, if there is any. Times in milliseconds UTC.
SELECT batch, kind, source, first_position, last_offset, toUnixTimestamp64Milli(recorded_at) AS recorded_ms, roster_batch,
    fit, newest_ms, together, seen
FROM intents WHERE batch IN {batches:Array(UInt64)}
