-- Which of these viewer events are stored? event_id.
SELECT event_id FROM viewer_events
WHERE viewer_id IN (SELECT arrayJoin({viewers:Array(String)}))
    AND event_id IN (SELECT arrayJoin({event_ids:Array(String)})) AND batch NOT IN {batches:Array(UInt64)}
