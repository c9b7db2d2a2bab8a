-- Question: in which currencies do the hosts whose rows are seen have credits, the most used first?
-- Columns: value (ISO 4217 code), text.
SELECT toString(currency) AS value, value AS text
FROM revenue_minute
GROUP BY currency
ORDER BY sum(orders) DESC, value
LIMIT 500
