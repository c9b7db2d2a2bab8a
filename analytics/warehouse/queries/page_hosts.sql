-- Question: what is each registered host called?
-- Columns: host_id, name, kind (the latest: human or digital).
SELECT assumeNotNull(host_id) AS host_id, name, toString(kind) AS kind
FROM hosts
ORDER BY host_id
