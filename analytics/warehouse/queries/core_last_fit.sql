-- The latest Markov fit.
SELECT fit, journeys, conversions, base, host_ids, weights FROM markov_fits WHERE batch != {batch:UInt64} ORDER BY fit DESC LIMIT 1
