-- Question: which currencies were orders paid in, the most used first?
-- Columns: value (ISO 4217 code), text.
SELECT toString(currency) AS value, value AS text
FROM orders_minute
GROUP BY currency
ORDER BY sum(orders) DESC, value
LIMIT 500
