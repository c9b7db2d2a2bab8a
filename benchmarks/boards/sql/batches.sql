-- A batch for every twenty thousand events, evenly over the months.
INSERT INTO batches (batch, source, token, first_position, last_position, last_offset, events, repeats, rejects,
    unknown_fields, restatements, frozen, newest_at, recorded_at)
WITH fromUnixTimestamp64Milli(toInt64({now_s:Int64} * 1000 - ({all:UInt64} - 1 - number) * intDiv(7776000000, {all:UInt64})), 'UTC') AS at
SELECT number + 1, 'events', toString(number), number * 20000 + 1, (number + 1) * 20000, number * 20000, 20000, 9, 1, 0,
    2, 0, at, at + INTERVAL 1 SECOND
FROM numbers({all:UInt64})
