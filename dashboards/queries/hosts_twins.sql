-- Question: how does each digital twin do beside the host whose likeness it is?
-- Columns: pair (names), host (name), host_id, kind (as registered last), live_hours, orders (count), net, per_live_hour,
--   per_viewer_hour (money), conversion, refund_rate (as on the scorecard); on the twin's row live_difference and
--   viewer_difference (money, the twin's figure - the original's) and live_ratio, viewer_ratio (the one / the other).
WITH {{hosts_clipped}},
{{hosts_watched}},
totals AS (
    SELECT host_id, sum(happened.gross) AS gross, sum(happened.net) AS net, sum(happened.orders) AS orders,
        sum(happened.live_ms) AS live_ms, sum(happened.watch_ms) AS watch_ms, sum(happened.views) AS views
    FROM (
        SELECT toString(revenue_minute.host_id) AS host_id, sum(revenue_minute.gross) AS gross,
            sum(revenue_minute.gross - revenue_minute.refunds) AS net, sum(revenue_minute.orders) AS orders,
            toInt64(0) AS live_ms, toInt64(0) AS watch_ms, toInt64(0) AS views
        FROM revenue_minute
        WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
        GROUP BY revenue_minute.host_id
        UNION ALL
        SELECT host_id, 0, 0, 0, live_ms, watch_ms, views FROM watched
    ) AS happened
    GROUP BY host_id
),
both AS (
    SELECT twins.host_id AS twin_id, twins.likeness_of AS original_id,
        coalesce(nullIf(originals.name, ''), original_id) AS original, coalesce(nullIf(twins.name, ''), twin_id) AS twin,
        concat(original, ' and ', twin) AS pair, is_twin, if(is_twin, twin, original) AS host,
        assumeNotNull(if(is_twin, twin_id, original_id)) AS host_id,
        if(is_twin, 'digital', coalesce(nullIf(originals.kind, ''), 'unknown')) AS kind
    FROM roster_hosts AS twins FINAL
    LEFT JOIN roster_hosts AS originals FINAL ON twins.likeness_of = originals.host_id
    ARRAY JOIN [false, true] AS is_twin
    WHERE twins.kind = 'digital' AND notEmpty(twins.likeness_of)
        AND $__conditionalAll((twins.host_id IN (${host:sqlstring}) OR twins.likeness_of IN (${host:sqlstring})), $host)
),
beside AS (
    SELECT both.pair AS pair, both.twin_id AS twin_id, both.is_twin AS is_twin, both.host AS host, both.host_id AS host_id,
        both.kind AS kind, totals.gross AS gross, totals.net AS net, totals.orders AS orders, totals.live_ms AS live_ms,
        totals.views AS views, totals.watch_ms AS watch_ms,
        half_even(net * 3600000, live_ms) AS per_live_hour, half_even(net * 3600000, watch_ms) AS per_viewer_hour,
        sumIf(net, NOT is_twin) OVER of_pair AS original_net, sumIf(live_ms, NOT is_twin) OVER of_pair AS original_live_ms,
        sumIf(watch_ms, NOT is_twin) OVER of_pair AS original_watch_ms,
        anyIf(per_live_hour, NOT is_twin) OVER of_pair AS original_live,
        anyIf(per_viewer_hour, NOT is_twin) OVER of_pair AS original_viewer
    FROM both
    LEFT JOIN totals ON both.host_id = totals.host_id
    WINDOW of_pair AS (PARTITION BY both.twin_id)
)
SELECT pair, host, host_id, kind,
    live_ms / 3600000 AS live_hours,
    toInt64(beside.orders) AS orders,
    toDecimal128(beside.net, 4) / {{units}} AS net,
    toDecimal128(beside.per_live_hour, 4) / {{units}} AS per_live_hour,
    toDecimal128(beside.per_viewer_hour, 4) / {{units}} AS per_viewer_hour,
    beside.orders / nullIf(views, 0) AS conversion,
    (gross - beside.net) / nullIf(gross, 0) AS refund_rate,
    if(is_twin, toDecimal128(beside.per_live_hour - original_live, 4), NULL) / {{units}} AS live_difference,
    if(is_twin, beside.net * nullIf(original_live_ms, 0) / nullIf(original_net * live_ms, 0), NULL) AS live_ratio,
    if(is_twin, toDecimal128(beside.per_viewer_hour - original_viewer, 4), NULL) / {{units}} AS viewer_difference,
    if(is_twin, beside.net * nullIf(original_watch_ms, 0) / nullIf(original_net * watch_ms, 0), NULL) AS viewer_ratio
FROM beside
ORDER BY pair, twin_id, is_twin
