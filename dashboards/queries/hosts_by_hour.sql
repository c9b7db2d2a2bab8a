-- Question: at which hours of the day do human and digital hosts earn how much per hour on air?
-- Columns: hour (of the seller's time zone, as 09:00), human and digital (net per live hour, money), human_hours and
--   digital_hours (live hours).
WITH {{hosts_earned}},
figures AS (
    SELECT hour, sumIf(net, kind = 'human') AS human_net, sumIf(net, kind = 'digital') AS digital_net,
        sumIf(live_ms, kind = 'human') AS human_ms, sumIf(live_ms, kind = 'digital') AS digital_ms
    FROM (
        SELECT kind, toHour(at, ${zone:sqlstring}) AS hour, net, live_ms FROM earned WHERE {{hosts_chosen}}
        UNION ALL
        SELECT '', toUInt8(arrayJoin(range(24))), 0, 0
    )
    GROUP BY hour
)
SELECT concat(leftPad(toString(hour), 2, '0'), ':00') AS hour,
    toDecimal128(half_even(human_net * 3600000, human_ms), 4) / {{units}} AS human,
    human_ms / 3600000 AS human_hours,
    toDecimal128(half_even(digital_net * 3600000, digital_ms), 4) / {{units}} AS digital,
    digital_ms / 3600000 AS digital_hours
FROM figures
ORDER BY hour
