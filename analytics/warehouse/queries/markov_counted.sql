-- Question: when were those who never bought last counted?
-- Columns: counted_ms (ms UTC; null: never, or there is nobody).
SELECT toUnixTimestamp64Milli(maxOrNull(markov_fits.recorded_at)) AS counted_ms
FROM markov_fits
WHERE (SELECT count() FROM lost_transitions) > 0
