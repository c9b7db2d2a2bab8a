-- Which changes of presence are booked for these viewers in these sessions? Sum of the signs per time; zero is absent.
SELECT viewer_id, session_id, toUnixTimestamp64Milli(at) AS at_ms, sum(toInt64(change)) AS change
FROM presence
WHERE session_id IN (SELECT arrayJoin({sessions:Array(String)}))
    AND viewer_id IN (SELECT arrayJoin({viewers:Array(String)})) AND batch != {batch:UInt64}
GROUP BY viewer_id, session_id, at_ms HAVING change != 0
