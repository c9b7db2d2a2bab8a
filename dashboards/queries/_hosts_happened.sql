-- Fragment: half_even, clipped, watched, and the table happened: all that is added up for hosts, as rows (host_id, at: what
-- decides which kind it has, gross, refunds, orders, returned: an order with a refund booked in the range, '' elsewhere,
-- shifts, live_ms, watch_ms, views).
{{hosts_clipped}},
{{hosts_watched}},
happened AS (
    SELECT toString(host_id) AS host_id, toDateTime64(minute, 3, 'UTC') AS at, gross,
        if(host_id = 'excess_refund', 0 - refunds, refunds) AS refunds, orders, '' AS returned,
        toInt64(0) AS shifts, toInt64(0) AS live_ms, toInt128(0) AS watch_ms, toInt64(0) AS views
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
    UNION ALL
    SELECT toString(host_id) AS account, toDateTime64(toStartOfMinute(booked_at), 3, 'UTC') AS minute,
        toInt128(0), toInt128(0), toInt64(0), order_id, 0, 0, toInt128(0), 0
    FROM ledger
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND isNotNull(refund_id)
        AND $__timeFilter_ms(booked_at) AND {{in_sessions}}
    GROUP BY order_id, account, minute
    HAVING sum(sign) > 0
    UNION ALL
    SELECT host_id, started_at, toInt128(0), toInt128(0), toInt64(0), '', shifts, live_ms, watch_ms, views
    FROM watched
)
