-- Question: how many people watch at the end of the range?
-- Columns: online (people).
SELECT toInt64(sum(presence_minute.change)) AS online
FROM presence_minute
WHERE minute <= $__toTime AND {{in_sessions}}
