-- Question: which exchange rates are known?
-- Parameters: known_ms (imported before it).
-- Columns: rate_date (date), from_currency, to_currency (ISO 4217 codes), version, rate (exact decimal), known_ms (ms UTC),
--   source (file).
SELECT rate_date, toString(rates.from_currency) AS from_currency, toString(rates.to_currency) AS to_currency, version,
    rate, toUnixTimestamp64Milli(known_at) AS known_ms, source
FROM rates
WHERE known_at < fromUnixTimestamp64Milli({known_ms:Int64}, 'UTC')
ORDER BY from_currency, to_currency, rate_date, version
