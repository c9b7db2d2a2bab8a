-- Question: in how many minutes of how many sessions do refunds go beyond their orders, by what was stored in the last day?
-- Many refunds are told late, and some wait for their order: what counts is when their lines were stored, not their minute.
-- Columns: places (pairs of minute and session).
SELECT toInt64(uniqExactIf((minute, session_id), excess != 0)) AS places
FROM (
    SELECT toStartOfMinute(booked_at) AS minute, session_id, currency, model, sum(toInt128(amount_minor)) AS excess
    FROM ledger
    WHERE host_id = 'excess_refund'
        AND batch IN (SELECT batch FROM batches WHERE stored_at >= now64(3, 'UTC') - INTERVAL 1 day)
    GROUP BY minute, session_id, currency, model
)
