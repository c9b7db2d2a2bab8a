-- Question: in which currencies did each session sell?
-- Parameters: model.
-- Columns: session_id, currency (ISO 4217 code).
SELECT DISTINCT toString(session_id) AS session_id, toString(currency) AS currency
FROM revenue_minute
WHERE model = {model:String} AND session_id != ''
ORDER BY session_id, currency
