-- Question: in how many minutes of how many sessions did refunds of the last day go beyond their orders?
-- Columns: places (pairs of minute and session).
SELECT toInt64(uniqExactIf((minute, session_id), excess != 0)) AS places
FROM (
    SELECT minute, session_id, currency, model, sum(refunds) AS excess
    FROM revenue_minute
    WHERE minute >= now() - INTERVAL 1 day AND host_id = 'excess_refund'
    GROUP BY minute, session_id, currency, model
)
