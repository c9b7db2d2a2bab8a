-- Who of a lane (batches first to last) was in these sessions? viewer_id.
SELECT DISTINCT viewer_id FROM viewer_events
WHERE session_id IN (SELECT arrayJoin({sessions:Array(String)})) AND type IN ('viewer_joined', 'viewer_left')
    AND batch != {batch:UInt64}
    AND batch BETWEEN {first:UInt64} AND {last:UInt64}
