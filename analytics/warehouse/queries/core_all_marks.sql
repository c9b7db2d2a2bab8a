-- All joins and leaves in the batches from first to last. viewer_id, session_id, at_ms (UTC), on (joined).
SELECT viewer_id, session_id, toUnixTimestamp64Milli(occurred_at) AS at_ms, type = 'viewer_joined' AS on
FROM viewer_events WHERE type IN ('viewer_joined', 'viewer_left') AND batch != {batch:UInt64}
    AND batch BETWEEN {first:UInt64} AND {last:UInt64}
