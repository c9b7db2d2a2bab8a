-- Question: whose hour on air brings most?
-- Columns: host (name and sample: live hours, shifts, orders), per_live_hour (net, money), host_id, kind; hosts who were on air.
WITH {{hosts_earned}},
figures AS (
    SELECT host_id, kind, sum(net) AS net, sum(orders) AS orders, sum(shifts) AS shifts, sum(live_ms) AS live_ms
    FROM earned
    WHERE {{hosts_chosen}}
    GROUP BY host_id, kind
    HAVING live_ms > 0
)
SELECT concat(
        coalesce(nullIf(hosts.name, ''), figures.host_id), ' · ', toString(round(live_ms / 3600000, 1)), ' h · ',
        toString(shifts), if(shifts = 1, ' shift · ', ' shifts · '), toString(orders), if(orders = 1, ' order', ' orders')
    ) AS host,
    toDecimal128(half_even(net * 3600000, live_ms), 4) / {{units}} AS per_live_hour,
    figures.host_id AS host_id,
    figures.kind AS kind
FROM figures
LEFT JOIN roster_hosts AS hosts FINAL ON figures.host_id = hosts.host_id
ORDER BY per_live_hour DESC, host_id, kind
