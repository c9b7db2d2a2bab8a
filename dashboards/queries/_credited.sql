-- Fragment, common table expressions: credits of the range by minute, session, host and the kind it had then. Refunds of
-- excess_refund are positive here, so that the rows add up to all that was paid less all that was returned.
-- Columns: minute, session_id ('' outside), host_id, kind, gross, refunds (minor units), orders (that list the host).
booked AS (
    SELECT minute, session_id, host_id, sum(revenue_minute.gross) AS gross, sum(revenue_minute.refunds) AS refunds,
        sum(revenue_minute.orders) AS orders
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
        AND {{in_sessions}}
    GROUP BY minute, session_id, host_id
),
credited AS (
    SELECT booked.minute AS minute, toString(booked.session_id) AS session_id, toString(booked.host_id) AS host_id,
        multiIf(
            booked.host_id IN ('unattributed', 'excess_refund'), toString(booked.host_id),
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        ) AS kind,
        booked.gross AS gross,
        if(booked.host_id = 'excess_refund', -booked.refunds, booked.refunds) AS refunds,
        booked.orders AS orders
    FROM booked
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON booked.host_id = host_kinds.host_id AND toDateTime64(booked.minute, 3, 'UTC') >= host_kinds.from_at
)
