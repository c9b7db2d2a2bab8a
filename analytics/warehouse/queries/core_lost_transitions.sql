-- How often did people who never bought go from state to state, as it is stored, leaving one batch out?
-- Columns: memory (line-ups that a state remembers), quarter_ms (ms UTC), source, target, times.
SELECT memory, toInt64(toUnixTimestamp(quarter)) * 1000 AS quarter_ms, toString(source) AS source, toString(target) AS target,
    sum(lost_transitions.times) AS times
FROM lost_transitions
WHERE batch != {batch:UInt64}
GROUP BY memory, quarter_ms, source, target
HAVING times != 0
