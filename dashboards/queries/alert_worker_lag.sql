-- Question: how far behind is the worst lane? The age of its unfinished intent, or how old the newest event up to then was
-- when it last stored events, in the last 15 minutes. Lane 0, the embedded path, also reads recordings, and is left out.
-- Columns: seconds.
WITH done AS (SELECT lane, max(batch) AS last FROM lanes GROUP BY lane)
SELECT greatest(
    ifNull((
        SELECT max(behind_ms)
        FROM (
            SELECT argMaxIf(dateDiff('millisecond', newest_at, stored_at), batch, events > 0) AS behind_ms
            FROM batches
            WHERE stored_at >= now64(3, 'UTC') - INTERVAL 15 minute
            GROUP BY bitShiftRight(batch, 40) AS lane
            HAVING lane > 1
        )
    ), 0),
    ifNull((
        SELECT max(dateDiff('millisecond', recorded_at, now64(3, 'UTC')))
        FROM intents
        WHERE batch IN (
            SELECT last + 1 FROM done
            UNION ALL
            SELECT bitShiftLeft(number, 40) + 1 FROM numbers(10000) WHERE number NOT IN (SELECT lane FROM done)
        )
    ), 0)
) / 1000 AS seconds
