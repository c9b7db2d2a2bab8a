-- Question: when did each version of an avatar first go on air?
-- A version begins with the host's first shift that starts at or after the registration that named it anew.
-- Columns: host_id, version (NULL when untold), began_ms (ms UTC).
WITH named AS (
    SELECT assumeNotNull(host_id) AS host_id, avatar_version AS version, occurred_at, kind,
        lagInFrame(tuple(kind, avatar_version), 1, tuple('', NULL)) OVER (
            PARTITION BY host_id ORDER BY occurred_at, event_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        ) AS previous
    FROM roster_events
    WHERE type = 'host_registered'
)
SELECT named.host_id AS host_id, named.version AS version, min(toUnixTimestamp64Milli(on_air.started_at)) AS began_ms
FROM named
INNER JOIN (SELECT host_id, started_at FROM shifts FINAL) AS on_air ON named.host_id = on_air.host_id
WHERE named.kind = 'digital' AND on_air.started_at >= named.occurred_at
    AND (previous.1 != 'digital' OR ifNull(previous.2, '') != ifNull(named.version, ''))
GROUP BY host_id, version, named.occurred_at
ORDER BY host_id, began_ms
