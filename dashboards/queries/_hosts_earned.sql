-- Fragment: half_even, clipped, and the table earned: what hosts earned by minute, and their time on air cut at quarters of
-- an hour, on which the hours and days of every time zone of today begin (host_id, kind, at: the minute or the quarter, net in
-- minor units, orders, shifts: 1 on the first piece of each, live_ms). Money has the kind of its minute, time that of the
-- shift's beginning; both are joined to kinds at once, for a join costs more to plan than to run.
{{hosts_clipped}},
happened AS (
    SELECT toString(host_id) AS host_id, toDateTime64(minute, 3, 'UTC') AS known_at, minute AS at,
        if(host_id = 'excess_refund', gross + refunds, gross - refunds) AS net, orders,
        toUInt8(0) AS shifts, toInt64(0) AS live_ms
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
    UNION ALL
    SELECT host_id, started_at, toDateTime(quarter * 900, 'UTC'), toInt128(0), 0, quarter = intDiv(start_ms, 900000),
        least(end_ms, toInt64(quarter + 1) * 900000) - greatest(start_ms, toInt64(quarter) * 900000)
    FROM clipped
    ARRAY JOIN range(toUInt64(intDiv(start_ms, 900000)), toUInt64(intDiv(end_ms - 1, 900000) + 1)) AS quarter
),
earned AS (
    SELECT happened.host_id AS host_id,
        multiIf(
            happened.host_id IN ('unattributed', 'excess_refund'), happened.host_id,
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        ) AS kind,
        happened.at AS at, happened.net AS net, happened.orders AS orders, happened.shifts AS shifts,
        happened.live_ms AS live_ms
    FROM happened
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL ON happened.host_id = host_kinds.host_id AND happened.known_at >= host_kinds.from_at
)
