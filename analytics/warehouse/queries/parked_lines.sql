-- Question: which lines were parked, the latest first?
-- Parameters: reason ('' for any), most (how many rows).
-- Columns: recorded_ms (milliseconds UTC), source, record_offset (NULL outside Kafka), position, reason, field, value,
--   remedy, line (the original bytes in base64).
SELECT toUnixTimestamp64Milli(recorded_at) AS recorded_ms, source, record_offset, position, reason, field, value,
    remedy, base64Encode(line) AS line
FROM rejects
WHERE {reason:String} IN ('', reason)
ORDER BY recorded_at DESC, batch DESC, position DESC
LIMIT {most:UInt64}
