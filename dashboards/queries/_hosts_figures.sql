-- Fragment: half_even, clipped, watched, kinds_from, and the table figures, one row per account and kind: gross, refunds (minor
-- units), orders, returned (orders with a refund booked in the range), shifts, live_ms, watch_ms, views. Everything a ratio is
-- made of, and nothing but sums. Money belongs to the kind of its minute, time and views to the kind at the beginning of the
-- shift. happened: all that is added up, as rows with the time that decides which kind the host has (at); returned is an order
-- with a refund booked in the range, '' elsewhere.
{{hosts_clipped}},
{{hosts_watched}},
{{kinds_from}},
happened AS (
    SELECT toString(host_id) AS host_id, fromUnixTimestamp64Milli(kinds_from(minute), 'UTC') AS at,
        sum(revenue_minute.gross) AS gross,
        if(any(host_id) = 'excess_refund', -1, 1) * sum(revenue_minute.refunds) AS refunds,
        sum(revenue_minute.orders) AS orders, '' AS returned,
        toInt64(0) AS shifts, toInt64(0) AS live_ms, toInt64(0) AS watch_ms, toInt64(0) AS views
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
    GROUP BY host_id, at
    UNION ALL
    SELECT toString(host_id) AS account, toDateTime64(toStartOfMinute(booked_at), 3, 'UTC') AS minute,
        toInt128(0), toInt128(0), toInt64(0), order_id, 0, 0, 0, 0
    FROM order_credits
    WHERE currency = ${currency:sqlstring} AND refunded AND $__timeFilter(toStartOfMinute(booked_at)) AND {{in_sessions}}
    GROUP BY order_id, account, minute
    HAVING sum(lines[${model:sqlstring}]) > 0
    UNION ALL
    SELECT host_id, started_at, toInt128(0), toInt128(0), toInt64(0), '', 1, live_ms, watch_ms, views
    FROM watched
),
figures AS (
    SELECT happened.host_id AS host_id,
        multiIf(
            happened.host_id IN ('unattributed', 'excess_refund'), happened.host_id,
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        ) AS kind,
        sum(happened.gross) AS gross, sum(happened.refunds) AS refunds, sum(happened.orders) AS orders,
        uniqExactIf(happened.returned, happened.returned != '') AS returned, sum(happened.shifts) AS shifts,
        sum(happened.live_ms) AS live_ms, sum(happened.watch_ms) AS watch_ms, sum(happened.views) AS views
    FROM happened
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL ON happened.host_id = host_kinds.host_id AND happened.at >= host_kinds.from_at
    GROUP BY host_id, kind
    HAVING arrayExists(figure -> figure != 0, [gross, refunds, orders, shifts])
)
