-- The latest Markov fit up to a version, leaving one batch out.
SELECT fit, journeys, conversions, base, host_ids, weights FROM markov_fits
WHERE fit <= {fit:UInt32} AND batch != {batch:UInt64} ORDER BY fit DESC LIMIT 1
