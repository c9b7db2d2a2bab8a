-- Fragment: the table figures, one row per account and kind: gross, refunds (minor units), orders, returned (orders with a
-- refund booked in the range), shifts, live_ms, watch_ms, views. Everything a ratio is made of, and nothing but sums. Money
-- belongs to the kind of its minute, time and views to the kind at the beginning of the shift.
{{hosts_happened}},
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
