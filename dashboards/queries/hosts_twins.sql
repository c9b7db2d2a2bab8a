-- Question: how does each digital twin do beside the host whose likeness it is?
-- Columns: pair (names), host (name), host_id, kind (as registered last), live_hours, orders (count), net, per_live_hour,
--   per_viewer_hour (money), conversion, refund_rate (as on the scorecard); on the twin's row live_difference and
--   viewer_difference (money, the twin's figure - the original's) and live_ratio, viewer_ratio (the one / the other).
WITH {{hosts_happened}},
totals AS (
    SELECT host_id, sum(happened.gross) AS gross, sum(happened.gross - happened.refunds) AS net,
        sum(happened.orders) AS orders, sum(happened.live_ms) AS live_ms, sum(happened.watch_ms) AS watch_ms,
        sum(happened.views) AS views
    FROM happened
    GROUP BY host_id
),
pairs AS (
    SELECT twins.host_id AS twin_id, twins.likeness_of AS original_id,
        concat(coalesce(nullIf(originals.name, ''), original_id), ' and ', coalesce(nullIf(twins.name, ''), twin_id)) AS pair
    FROM roster_hosts AS twins FINAL
    LEFT JOIN roster_hosts AS originals FINAL ON twins.likeness_of = originals.host_id
    WHERE twins.kind = 'digital' AND notEmpty(twins.likeness_of)
        AND $__conditionalAll((twins.host_id IN (${host:sqlstring}) OR twins.likeness_of IN (${host:sqlstring})), $host)
),
both AS (
    SELECT pair, twin_id, is_twin, assumeNotNull(if(is_twin, twin_id, original_id)) AS host_id
    FROM pairs
    ARRAY JOIN [false, true] AS is_twin
),
beside AS (
    SELECT both.pair AS pair, both.is_twin AS is_twin, both.twin_id AS twin_id, both.host_id AS host_id,
        totals.gross AS gross, totals.net AS net, totals.orders AS orders, totals.live_ms AS live_ms,
        totals.watch_ms AS watch_ms, totals.views AS views,
        half_even(net * 3600000, live_ms) AS per_live_hour,
        half_even(net * 3600000, watch_ms) AS per_viewer_hour,
        sumIf(net, is_twin) OVER of_pair AS twin_net, sumIf(live_ms, is_twin) OVER of_pair AS twin_live_ms,
        sumIf(watch_ms, is_twin) OVER of_pair AS twin_watch_ms,
        sumIf(net, NOT is_twin) OVER of_pair AS original_net, sumIf(live_ms, NOT is_twin) OVER of_pair AS original_live_ms,
        sumIf(watch_ms, NOT is_twin) OVER of_pair AS original_watch_ms
    FROM both
    LEFT JOIN totals ON both.host_id = totals.host_id
    WINDOW of_pair AS (PARTITION BY both.twin_id)
)
SELECT beside.pair AS pair,
    coalesce(nullIf(hosts.name, ''), beside.host_id) AS host,
    beside.host_id AS host_id,
    coalesce(nullIf(toString(hosts.kind), ''), 'unknown') AS kind,
    live_ms / 3600000 AS live_hours,
    toInt64(beside.orders) AS orders,
    toDecimal128(beside.net, 4) / {{units}} AS net,
    toDecimal128(beside.per_live_hour, 4) / {{units}} AS per_live_hour,
    toDecimal128(beside.per_viewer_hour, 4) / {{units}} AS per_viewer_hour,
    beside.orders / nullIf(views, 0) AS conversion,
    (gross - beside.net) / nullIf(gross, 0) AS refund_rate,
    if(is_twin, toDecimal128(beside.per_live_hour - half_even(original_net * 3600000, original_live_ms), 4), NULL) / {{units}}
        AS live_difference,
    if(is_twin, twin_net * original_live_ms / nullIf(original_net * twin_live_ms, 0), NULL) AS live_ratio,
    if(is_twin, toDecimal128(beside.per_viewer_hour - half_even(original_net * 3600000, original_watch_ms), 4), NULL) / {{units}}
        AS viewer_difference,
    if(is_twin, twin_net * original_watch_ms / nullIf(original_net * twin_watch_ms, 0), NULL) AS viewer_ratio
FROM beside
LEFT JOIN roster_hosts AS hosts FINAL ON beside.host_id = hosts.host_id
ORDER BY pair, twin_id, is_twin
