-- When were these viewers active? viewer_id, at_ms (UTC): the first and last event in each stretch of one idle limit,
-- which is all that can tell where a gap longer than the idle limit is.
SELECT viewer_id, arrayJoin([min(ms), max(ms)]) AS at_ms
FROM (
    SELECT viewer_id, toUnixTimestamp64Milli(occurred_at) AS ms FROM viewer_events
    WHERE viewer_id IN (SELECT arrayJoin({viewers:Array(String)})) AND batch != {batch:UInt64}
    UNION ALL
    SELECT viewer_id, toUnixTimestamp64Milli(ordered_at) AS ms FROM orders
    WHERE viewer_id IN (SELECT arrayJoin({viewers:Array(String)})) AND batch != {batch:UInt64}
)
GROUP BY viewer_id, intDiv(ms, {idle_ms:Int64})
