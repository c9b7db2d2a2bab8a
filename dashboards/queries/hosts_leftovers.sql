-- Question: which sales are credited to hosts who were not on air in the order's session when it was paid?
-- Lines of the ledger that take one another back have the same order and host, so sums need no look at single orders.
-- Columns: host (name), host_id, kind (at the order), orders (count), amount (money), share (of the host's GMV).
WITH sold AS (
    SELECT toString(host_id) AS host_id, toString(session_id) AS session_id, ordered_at,
        toDateTime64(toStartOfMinute(ordered_at), 3, 'UTC') AS minute, amount_minor, sign
    FROM ledger
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND isNull(refund_id)
        AND $__timeFilter(toStartOfMinute(booked_at)) AND host_id NOT IN ('unattributed', 'excess_refund') AND {{in_sessions}}
),
on_air AS (
    SELECT session_id, host_id, started_at, ifNull(ended_at, toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) AS until_at
    FROM shifts FINAL
),
seen AS (
    SELECT sold.host_id AS host_id, sold.minute AS minute, sold.amount_minor AS amount_minor, sold.sign AS sign,
        on_air.until_at <= sold.ordered_at AS is_left
    FROM sold
    ASOF LEFT JOIN on_air ON sold.session_id = on_air.session_id AND sold.host_id = on_air.host_id
        AND sold.ordered_at >= on_air.started_at
),
figures AS (
    SELECT seen.host_id AS host_id, if(host_kinds.kind = '', 'unknown', toString(host_kinds.kind)) AS kind,
        sum(toInt128(seen.amount_minor)) AS gross, sumIf(toInt128(seen.amount_minor), is_left) AS amount,
        sumIf(toInt64(seen.sign), is_left) AS orders
    FROM seen
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL ON seen.host_id = host_kinds.host_id AND seen.minute >= host_kinds.from_at
    GROUP BY host_id, kind
    HAVING orders != 0 OR amount != 0
)
SELECT coalesce(nullIf(hosts.name, ''), figures.host_id) AS host,
    figures.host_id AS host_id,
    figures.kind AS kind,
    orders,
    toDecimal128(figures.amount, 4) / {{units}} AS amount,
    figures.amount / nullIf(gross, 0) AS share
FROM figures
LEFT JOIN roster_hosts AS hosts FINAL ON figures.host_id = hosts.host_id
WHERE {{hosts_chosen}}
ORDER BY figures.amount DESC, host_id, kind
