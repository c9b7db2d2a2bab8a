-- Question: how far behind is the worst lane? The age of its unfinished intent, or how old what it stored in the last 15
-- minutes was by then. Lane 0, the embedded path, also reads recordings, and is left out.
-- Columns: seconds.
WITH done AS (
    SELECT bitShiftRight(batch, 40) AS lane, max(batch) AS last,
        argMaxIf(
            dateDiff('millisecond', newest_at, stored_at), batch,
            events > 0 AND stored_at >= now64(3, 'UTC') - INTERVAL 15 minute
        ) AS behind_ms
    FROM batches
    GROUP BY lane
)
SELECT greatest(
    ifNull((SELECT max(behind_ms) FROM done WHERE lane > 1), 0),
    ifNull((
        SELECT max(if(begun.batch > done.last, dateDiff('millisecond', begun.recorded_at, now64(3, 'UTC')), 0))
        FROM (SELECT batch, bitShiftRight(batch, 40) AS lane, recorded_at FROM intents) AS begun
        LEFT JOIN done ON begun.lane = done.lane
    ), 0)
) / 1000 AS seconds
