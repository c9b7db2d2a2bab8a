-- Question: how were these hosts registered, and from when on? The first registration holds for the time before it too.
-- Parameters: host_ids.
-- Columns: host_id, from_ms (ms UTC), name, kind (human, digital), twin_of (host_id or NULL).
SELECT assumeNotNull(host_id) AS host_id, toUnixTimestamp64Milli(occurred_at) AS from_ms, name, toString(kind) AS kind,
    likeness_of AS twin_of
FROM roster_events
WHERE type = 'host_registered' AND host_id IN {host_ids:Array(String)}
ORDER BY host_id, occurred_at, event_id
