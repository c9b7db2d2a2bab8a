-- Question: what does each account keep under each model?
-- Columns: host (name), host_id (or unattributed, excess_refund), kind, and the net under each model (money; NULL where the
--   model has nothing booked in the range at all).
WITH {{units}} AS unit,
{{kinds_from}},
booked AS (
    SELECT model, host_id, kinds_from(minute) AS from_ms, sum(gross) - sum(refunds) AS net
    FROM revenue_minute
    WHERE currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
    GROUP BY model, host_id, from_ms
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
