-- Question: who gains and who loses when one model replaces the other, order by order?
-- Columns: host (name), host_id (or unattributed, excess_refund), kind (when the order was paid), before and after (net under
--   the model and under the other), moved_in and moved_out (what single orders gain and lose), difference (all money).
-- A host with nothing in any column is left out. Only rows whose models differ are added up by order: what is the same under
-- both moves nothing.
WITH {{kinds_from}},
held AS (
    SELECT host_id, kinds_from(toStartOfMinute(ordered_at)) AS from_ms,
        sum(credits[${model:sqlstring}] AS one) AS before, sum(credits[${other:sqlstring}] AS two) AS after,
        if(one = two, '', order_id) AS differing
    FROM order_credits
    WHERE currency = ${currency:sqlstring} AND $__timeFilter(toStartOfMinute(booked_at)) AND {{in_sessions}}
    GROUP BY host_id, from_ms, differing
),
moved AS (
    SELECT toString(held.host_id) AS host_id, held.from_ms AS from_ms,
        if(host_id = 'excess_refund', -1, 1) AS side, sum(side * held.before) AS before, sum(side * held.after) AS after,
        sum(greatest(side * (held.after - held.before), 0)) AS moved_in,
        sum(greatest(side * (held.before - held.after), 0)) AS moved_out
    FROM held
    GROUP BY host_id, from_ms
),
figures AS (
    SELECT moved.host_id AS host_id, moved.before AS before, moved.after AS after, moved.moved_in AS moved_in,
        moved.moved_out AS moved_out,
        multiIf(
            moved.host_id IN ('unattributed', 'excess_refund'), moved.host_id,
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        ) AS kind
    FROM moved
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON moved.host_id = host_kinds.host_id AND fromUnixTimestamp64Milli(moved.from_ms, 'UTC') >= host_kinds.from_at
)
SELECT any(coalesce(nullIf(hosts.name, ''), figures.host_id)) AS host,
    figures.host_id AS host_id,
    figures.kind AS kind,
    toDecimal128(sum(figures.before), 4) / {{units}} AS before,
    toDecimal128(sum(figures.moved_in), 4) / {{units}} AS moved_in,
    toDecimal128(sum(figures.moved_out), 4) / {{units}} AS moved_out,
    toDecimal128(sum(figures.after), 4) / {{units}} AS after,
    toDecimal128(sum(figures.after) - sum(figures.before), 4) / {{units}} AS difference
FROM figures
LEFT JOIN roster_hosts AS hosts FINAL ON figures.host_id = hosts.host_id
WHERE {{hosts_chosen}}
GROUP BY host_id, kind
HAVING arrayExists(figure -> figure != 0, [before, moved_in, after])
ORDER BY kind IN ('unattributed', 'excess_refund'), difference DESC, host_id, kind
