-- Question: how well does each host sell, by sums over the range and their ratios?
-- Columns: host (name), host_id (or unattributed, excess_refund), kind, twin_of (name, NULL for none), shifts (in the range,
--   count), live_hours, viewer_hours (watched during the shifts, hours), views, orders (counts), conversion (orders / views),
--   gmv, net, aov, per_live_hour, per_viewer_hour (money, the ratios rounded half to even to the minor unit), refund_rate
--   (refunds / gmv), refunded_orders (orders refunded in the range / orders), watch_time (seconds per view).
WITH {{hosts_figures}}
SELECT coalesce(nullIf(hosts.name, ''), figures.host_id) AS host,
    figures.host_id AS host_id,
    figures.kind AS kind,
    if(notEmpty(hosts.likeness_of), coalesce(nullIf(originals.name, ''), hosts.likeness_of), NULL) AS twin_of,
    toInt64(shifts) AS shifts,
    figures.live_ms / 3600000 AS live_hours,
    figures.watch_ms / 3600000 AS viewer_hours,
    toInt64(figures.views) AS views,
    toInt64(figures.orders) AS orders,
    figures.orders / nullIf(figures.views, 0) AS conversion,
    toDecimal128(gross, 4) / {{units}} AS gmv,
    toDecimal128(gross - refunds, 4) / {{units}} AS net,
    toDecimal128(half_even(gross, figures.orders), 4) / {{units}} AS aov,
    toDecimal128(half_even((gross - refunds) * 3600000, live_ms), 4) / {{units}} AS per_live_hour,
    toDecimal128(half_even((gross - refunds) * 3600000, watch_ms), 4) / {{units}} AS per_viewer_hour,
    refunds / nullIf(gross, 0) AS refund_rate,
    returned / nullIf(figures.orders, 0) AS refunded_orders,
    watch_ms / 1000 / nullIf(figures.views, 0) AS watch_time
FROM figures
LEFT JOIN roster_hosts AS hosts FINAL ON figures.host_id = hosts.host_id
LEFT JOIN roster_hosts AS originals FINAL ON hosts.likeness_of = originals.host_id
WHERE {{hosts_chosen}}
ORDER BY kind IN ('unattributed', 'excess_refund'), gross - refunds DESC, host_id, kind
