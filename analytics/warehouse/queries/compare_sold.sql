-- Question: which sessions sold in a currency?
-- Parameters: model, currency.
-- Columns: session_id. No order.
SELECT DISTINCT toString(session_id) AS session_id
FROM (SELECT DISTINCT session_id FROM revenue_minute WHERE model = {model:String} AND currency = {currency:String} AND session_id != '')
