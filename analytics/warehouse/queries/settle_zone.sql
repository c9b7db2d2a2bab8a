-- Question: in which time zone are the periods that were closed?
-- Columns: zone; no row before the first closing.
SELECT DISTINCT toString(zone) AS zone
FROM closings
