-- When did these viewers join and leave? viewer_id, session_id, at_ms (UTC), on (joined).
SELECT viewer_id, session_id, toUnixTimestamp64Milli(occurred_at) AS at_ms, type = 'viewer_joined' AS on
FROM viewer_events
WHERE viewer_id IN (SELECT arrayJoin({viewers:Array(String)})) AND type IN ('viewer_joined', 'viewer_left')
    AND batch NOT IN {batches:Array(UInt64)}
