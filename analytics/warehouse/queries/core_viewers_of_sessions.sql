-- Who was in these sessions? viewer_id.
SELECT DISTINCT viewer_id FROM viewer_events
WHERE session_id IN (SELECT arrayJoin({sessions:Array(String)})) AND type IN ('viewer_joined', 'viewer_left')
    AND batch != {batch:UInt64}
