-- Joins and leaves of every viewer and session of a lane (batches first to last) that is still open by its own marks, or
-- had one since a time.
-- viewer_id, session_id, at_ms (UTC), on (joined).
SELECT viewer_id, session_id, arrayJoin(arrayZip(at_all, on_all)) AS mark, mark.1 AS at_ms, mark.2 AS on
FROM (
    SELECT viewer_id, session_id, groupArray(ms) AS at_all, groupArray(joined) AS on_all,
        argMax(joined, (ms, joined)) AS open, max(ms) AS last_ms
    FROM (
        SELECT viewer_id, session_id, toUnixTimestamp64Milli(occurred_at) AS ms, type = 'viewer_joined' AS joined
        FROM viewer_events WHERE type IN ('viewer_joined', 'viewer_left') AND batch != {batch:UInt64}
            AND batch BETWEEN {first:UInt64} AND {last:UInt64}
    )
    GROUP BY viewer_id, session_id
    HAVING open OR last_ms >= {from_ms:Int64}
)
