-- Question: how many people watched when?
-- Columns: time (begin of the step), online (the most people at the end of a minute of the step).
WITH {{online}}
SELECT $__timeInterval(minute) AS time, toInt64(max(online)) AS online
FROM audience
WHERE minute >= toStartOfMinute($__fromTime) AND minute <= (SELECT max(newest_at) FROM lanes)
GROUP BY time
ORDER BY time
