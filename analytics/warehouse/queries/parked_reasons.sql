-- Question: why were lines parked?
-- Columns: reason, field (NULL when it is the whole line), lines, latest (milliseconds UTC), remedy.
SELECT reason, field, count() AS lines, max(toUnixTimestamp64Milli(recorded_at)) AS latest, any(remedy) AS remedy
FROM rejects GROUP BY reason, field ORDER BY lines DESC, reason, field
