-- Question: which Markov fits were made?
-- Columns: fit (version), time (UTC), journeys, conversions (counts), conversion (part of one), hosts (count).
SELECT toInt64(fit) AS fit, recorded_at AS time, toInt64(markov_fits.journeys) AS journeys,
    toInt64(markov_fits.conversions) AS conversions, base AS conversion, toInt64(length(host_ids)) AS hosts
FROM markov_fits
ORDER BY fit DESC
LIMIT 20
