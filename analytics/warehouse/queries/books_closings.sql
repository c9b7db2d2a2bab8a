-- Question: which periods are closed, and up to which batch of each lane?
-- Columns: period (month), start_ms, end_ms (half-open, ms UTC), zone, closed_ms (ms UTC), lane, after_batch (last batch of
--   the closing before), last_batch (last batch of the lane that the closing holds).
SELECT toString(closings.period) AS period, toUnixTimestamp64Milli(period_start) AS start_ms,
    toUnixTimestamp64Milli(period_end) AS end_ms, toString(closings.zone) AS zone,
    toUnixTimestamp64Milli(closed_at) AS closed_ms, lane, after_batch, last_batch
FROM closings
ORDER BY start_ms, lane
