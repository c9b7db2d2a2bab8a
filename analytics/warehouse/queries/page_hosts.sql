-- Question: what is each registered host called, and whose likeness is it?
-- Columns: host_id, name, kind (the latest: human or digital), likeness_of (host_id or NULL), vendor, avatar_version.
SELECT assumeNotNull(host_id) AS host_id, name, toString(kind) AS kind, likeness_of, vendor, avatar_version
FROM hosts
ORDER BY host_id
