-- Question: what is each registered host called, and whose digital twin is it?
-- Columns: host_id, name, likeness_of (host_id or NULL): the latest of each.
SELECT assumeNotNull(host_id) AS host_id, name, likeness_of
FROM hosts
ORDER BY host_id
