-- Question: what did each host earn, by the kind it had? Hosts on air without a sale and the accounts of nobody too.
-- Columns: host (name), kind, likeness (name of the human; NULL), net, gross, refunds (money), orders (that list the host),
--   live (seconds on air, all sessions added up), per_hour (money per hour on air, rounded half to even; NULL off air),
--   share (part of the gross of all accounts; NULL without sales), host_id.
WITH {{credited}},
{{on_air}},
figures AS (
    SELECT host_id, kind, gross, refunds, orders, 0 AS live_ms FROM credited
    UNION ALL
    SELECT host_id, kind, toInt128(0), toInt128(0), 0, end_ms - start_ms FROM on_air WHERE start_ms < end_ms
),
summed AS (
    SELECT host_id, kind, sum(figures.gross) AS gross, sum(figures.refunds) AS refunds, sum(figures.orders) AS orders,
        sum(figures.live_ms) AS live_ms, sum(sum(figures.gross)) OVER () AS whole
    FROM figures
    GROUP BY host_id, kind
    HAVING arrayExists(figure -> figure != 0, [gross, refunds, orders, live_ms])
)
SELECT multiIf(kind = 'excess_refund', 'excess refund', ifNull(nullIf(hosts.name, ''), summed.host_id)) AS host,
    summed.kind AS kind,
    ifNull(nullIf(humans.name, ''), hosts.likeness_of) AS likeness,
    toDecimal128(summed.gross - summed.refunds, 4) / {{units}} AS net,
    toDecimal128(summed.gross, 4) / {{units}} AS gross,
    toDecimal128(summed.refunds, 4) / {{units}} AS refunds,
    toInt64(summed.orders) AS orders,
    live_ms / 1000 AS live,
    toDecimal128(roundBankers(toDecimal256(summed.gross, 14) * 3600000 / nullIf(live_ms, 0)), 4) / {{units}} AS per_hour,
    toFloat64(summed.gross) / nullIf(toFloat64(whole), 0) AS share,
    summed.host_id AS host_id
FROM summed
LEFT JOIN roster_hosts AS hosts FINAL ON summed.host_id = hosts.host_id
LEFT JOIN roster_hosts AS humans FINAL ON hosts.likeness_of = humans.host_id
WHERE {{chosen}}
ORDER BY net DESC, host_id, kind
LIMIT 200
