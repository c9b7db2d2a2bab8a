-- Question: how often did journeys go from state to state?
-- Parameters: memory (line-ups that a state remembers, 1 to 3), from_ms and until_ms (half-open, of the end of the journey),
--   zone, weekly (1: by the week in which they ended).
-- Columns: week (its Monday, or all), source, target (names of states), times.
SELECT if({weekly:UInt8} = 1, toString(toMonday(quarter, {zone:String})), 'all') AS week, toString(source) AS source,
    toString(target) AS target, sum(ways.times) AS times
FROM (
    SELECT memory, quarter, source, target, times FROM transitions_quarter
    UNION ALL
    SELECT memory, quarter, source, target, times FROM lost_transitions
) AS ways
WHERE memory = {memory:UInt8} AND quarter >= fromUnixTimestamp64Milli({from_ms:Int64})
    AND quarter < fromUnixTimestamp64Milli({until_ms:Int64})
GROUP BY week, source, target
HAVING times != 0
ORDER BY week, source, target
