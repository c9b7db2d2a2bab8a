-- Question: which attribution models is the ledger kept in?
-- Columns: model (name).
SELECT DISTINCT model
FROM revenue_minute
ORDER BY model
