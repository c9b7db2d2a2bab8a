-- Question: when did buyers begin and stop to watch, in a stretch of time that reaches back from an order far enough?
-- Parameters: until_ms (changes before it).
-- Columns: viewer_id, session_id, at_ms (ms UTC), change (1: begins, -1: stops).
SELECT viewer_id, session_id, toUnixTimestamp64Milli(at) AS at_ms, sum(toInt64(presence.change)) AS change
FROM presence
WHERE viewer_id IN (SELECT viewer_id FROM orders) AND at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
GROUP BY viewer_id, session_id, at_ms
HAVING change != 0
