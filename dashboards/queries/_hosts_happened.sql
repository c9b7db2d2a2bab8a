-- Fragment: half_even, clipped, watched, kinds_from, and the table happened: all that is added up for hosts, as rows (host_id,
-- at: what decides which kind it has, gross, refunds, orders, returned: an order with a refund booked in the range, ''
-- elsewhere, shifts, live_ms, watch_ms, views).
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
    WHERE currency = ${currency:sqlstring} AND refunded AND $__timeFilter_ms(booked_at) AND {{in_sessions}}
    GROUP BY order_id, account, minute
    HAVING sum(lines[${model:sqlstring}]) > 0
    UNION ALL
    SELECT host_id, started_at, toInt128(0), toInt128(0), toInt64(0), '', 1, live_ms, watch_ms, views
    FROM watched
)
