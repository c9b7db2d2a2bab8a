-- Question: in which currencies did sessions sell?
-- Parameters: model.
-- Columns: currency (ISO 4217 code).
SELECT DISTINCT toString(currency) AS currency
FROM revenue_minute
WHERE model = {model:String} AND session_id != ''
ORDER BY currency
