-- Question: what is in the books, and up to when?
-- Columns: newest_ms (latest occurred_at, ms UTC; NULL before the first batch), models (booked ones), batches (stored).
SELECT maxOrNull(toUnixTimestamp64Milli(newest_at)) AS newest_ms,
    (SELECT groupUniqArray(toString(model)) FROM revenue_minute) AS models,
    toInt64(count()) AS batches
FROM batches
