-- Question: what does each account keep under each model?
-- Columns: host (name), host_id (or unattributed, excess_refund), kind, and the net under each model (money; NULL where the
--   model has nothing booked in the range at all).
-- Whole days of the range, in UTC, are added up already; the rest comes by minutes, and so do days on which a host was
-- registered (mixed_days), for a kind may change within them.
WITH {{units}} AS unit,
{{kinds_from}},
toDate($__fromTime + INTERVAL 86399 SECOND, 'UTC') AS first_day, toDate($__toTime + INTERVAL 60 SECOND, 'UTC') AS end_day,
(SELECT groupUniqArray(toDate(from_at, 'UTC')) FROM roster_kinds FINAL) AS mixed_days,
booked AS (
    SELECT model, host_id, kinds_from(toDateTime(day, 'UTC')) AS from_ms, sum(gross) - sum(refunds) AS net
    FROM revenue_day
    WHERE currency = ${currency:sqlstring} AND day >= first_day AND day < end_day AND NOT has(mixed_days, day)
        AND {{in_sessions}}
    GROUP BY model, host_id, from_ms
    UNION ALL
    SELECT model, host_id, kinds_from(minute), sum(gross) - sum(refunds)
    FROM revenue_minute
    WHERE currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
        AND (
            minute < toDateTime(first_day, 'UTC') OR minute >= toDateTime(end_day, 'UTC')
            OR has(mixed_days, toDate(minute, 'UTC'))
        )
    GROUP BY model, host_id, kinds_from(minute)
),
credited AS (
    SELECT toString(booked.model) AS model, toString(booked.host_id) AS host_id,
        multiIf(
            booked.host_id IN ('unattributed', 'excess_refund'), toString(booked.host_id),
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        ) AS kind,
        if(booked.host_id = 'excess_refund', 0 - booked.net, booked.net) AS net
    FROM booked
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON booked.host_id = host_kinds.host_id AND fromUnixTimestamp64Milli(booked.from_ms, 'UTC') >= host_kinds.from_at
),
figures AS (
    SELECT host_id, kind, sumMap(map(model, net)) AS nets, groupUniqArrayArray(mapKeys(nets)) OVER () AS models
    FROM credited
    GROUP BY host_id, kind
    HAVING arrayExists(net -> net != 0, mapValues(nets))
)
SELECT coalesce(nullIf(hosts.name, ''), figures.host_id) AS host,
    figures.host_id AS host_id,
    figures.kind AS kind,
    if(has(models, 'declared'), toDecimal128(nets['declared'], 4), NULL) / unit AS declared,
    if(has(models, 'on_air'), toDecimal128(nets['on_air'], 4), NULL) / unit AS on_air,
    if(has(models, 'first'), toDecimal128(nets['first'], 4), NULL) / unit AS first,
    if(has(models, 'last'), toDecimal128(nets['last'], 4), NULL) / unit AS last,
    if(has(models, 'linear'), toDecimal128(nets['linear'], 4), NULL) / unit AS linear,
    if(has(models, 'position'), toDecimal128(nets['position'], 4), NULL) / unit AS position,
    if(has(models, 'time_decay'), toDecimal128(nets['time_decay'], 4), NULL) / unit AS time_decay,
    if(has(models, 'watch_time'), toDecimal128(nets['watch_time'], 4), NULL) / unit AS watch_time,
    if(has(models, 'shapley'), toDecimal128(nets['shapley'], 4), NULL) / unit AS shapley,
    if(has(models, 'markov'), toDecimal128(nets['markov'], 4), NULL) / unit AS markov
FROM figures
LEFT JOIN roster_hosts AS hosts FINAL ON figures.host_id = hosts.host_id
WHERE {{hosts_chosen}}
ORDER BY kind IN ('unattributed', 'excess_refund'), host, host_id, kind
