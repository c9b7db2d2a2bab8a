-- Question: when does the first line of the ledger count?
-- Columns: earliest_ms (booked_at, ms UTC; NULL for no line).
SELECT minOrNull(toUnixTimestamp64Milli(booked_at)) AS earliest_ms
FROM ledger
