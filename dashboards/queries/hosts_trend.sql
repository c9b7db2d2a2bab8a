-- Question: how does net per live hour of each kind of host change from day to day?
-- Columns: time (begin of the day of the seller's time zone), kind (human, digital, unknown), per_live_hour (net, money).
WITH {{hosts_earned}},
figures AS (
    SELECT toStartOfDay(at, ${zone:sqlstring}) AS day, kind, sum(net) AS net, sum(live_ms) AS live_ms
    FROM earned
    WHERE {{hosts_chosen}}
    GROUP BY day, kind
    HAVING live_ms > 0
)
SELECT toDateTime(day, 'UTC') AS time, kind,
    toDecimal128(half_even(net * 3600000, live_ms), 4) / {{units}} AS per_live_hour
FROM figures
ORDER BY time, kind
