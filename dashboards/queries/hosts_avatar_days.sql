-- Question: how do digital hosts sell as the days go by since their avatar's version first went on air?
-- A version begins with the host's first shift that starts at or after the registration that named it anew, and lasts until
-- the next one begins. The minute in which it begins belongs to it.
-- Columns: day (of 24 hours, from 0), versions (on air or credited on it, count), live_hours, orders (count), net,
--   per_live_hour (money).
WITH {{hosts_air}},
{{finance_credited}},
named AS (
    SELECT assumeNotNull(host_id) AS host_id, ifNull(avatar_version, '') AS version, occurred_at,
        lagInFrame(ifNull(avatar_version, '')) OVER (PARTITION BY host_id ORDER BY occurred_at, event_id) AS previous
    FROM roster_events
    WHERE type = 'host_registered'
),
began AS (
    SELECT named.host_id AS host_id, named.version AS version, named.occurred_at AS named_at,
        min(toUnixTimestamp64Milli(on_air.started_at)) AS began_ms
    FROM named
    INNER JOIN (SELECT host_id, started_at FROM shifts FINAL) AS on_air ON named.host_id = on_air.host_id
    WHERE named.version != named.previous AND on_air.started_at >= named.occurred_at
    GROUP BY host_id, version, named_at
),
spans AS (
    SELECT host_id, version, began_ms, leadInFrame(began_ms, 1, toInt64(9007199254740992)) OVER (
            PARTITION BY host_id ORDER BY named_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS until_ms
    FROM began
),
sums AS (
    SELECT air.host_id AS host_id, air.kind AS kind, spans.began_ms AS began_ms, day, toInt128(0) AS net, toInt64(0) AS orders,
        least(air.end_ms, spans.until_ms, began_ms + toInt64(day + 1) * 86400000)
            - greatest(air.start_ms, began_ms + toInt64(day) * 86400000) AS live_ms
    FROM air
    INNER JOIN spans ON air.host_id = spans.host_id
    ARRAY JOIN range(
        toUInt64(intDiv(greatest(air.start_ms - spans.began_ms, 0), 86400000)),
        toUInt64(intDiv(greatest(least(air.end_ms, spans.until_ms) - 1 - spans.began_ms, -1) + 86400000, 86400000))
    ) AS day
    WHERE version != '' AND air.start_ms < spans.until_ms AND air.end_ms > spans.began_ms
    UNION ALL
    SELECT credited.host_id, credited.kind, spans.began_ms,
        toUInt64(intDiv(greatest(toInt64(toUnixTimestamp(credited.minute)) * 1000 - spans.began_ms, 0), 86400000)),
        credited.gross - credited.refunds, credited.orders, 0
    FROM credited
    INNER JOIN spans ON credited.host_id = spans.host_id
    WHERE version != '' AND currency = ${currency:sqlstring}
        AND (toInt64(toUnixTimestamp(credited.minute)) + 60) * 1000 > spans.began_ms
        AND (toInt64(toUnixTimestamp(credited.minute)) + 60) * 1000 <= spans.until_ms
),
figures AS (
    SELECT day, host_id, began_ms, sum(live_ms) AS live_ms, sum(orders) AS orders, sum(net) AS net
    FROM sums
    WHERE {{hosts_chosen}}
    GROUP BY day, host_id, began_ms
    HAVING live_ms != 0 OR orders != 0 OR net != 0
)
SELECT toInt64(day) AS day,
    toInt64(uniqExact(host_id, began_ms)) AS versions,
    sum(figures.live_ms) / 3600000 AS live_hours,
    toInt64(sum(figures.orders)) AS orders,
    toDecimal128(sum(figures.net), 4) / {{units}} AS net,
    toDecimal128(half_even(sum(figures.net) * 3600000, sum(figures.live_ms)), 4) / {{units}} AS per_live_hour
FROM figures
GROUP BY day
ORDER BY day
