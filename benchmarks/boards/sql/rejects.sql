-- One line in each batch could not be read.
INSERT INTO rejects (source, position, reason, remedy, line, recorded_at, batch)
SELECT source, first_position, 'bad_json', 'send one JSON object per line', '', recorded_at, batch
FROM batches
