-- Question: who watched, and when, of those who never bought?
-- Columns: viewer_id, session_id, at_ms (ms UTC), change (1 begins to watch, -1 stops; summed).
SELECT viewer_id, toString(presence.session_id) AS session_id, toUnixTimestamp64Milli(at) AS at_ms,
    sum(toInt64(presence.change)) AS change
FROM presence
WHERE viewer_id NOT IN (SELECT viewer_id FROM orders)
GROUP BY viewer_id, session_id, at_ms
HAVING change != 0
