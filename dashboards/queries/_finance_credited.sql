-- Fragment: the table credited: what was booked in the range under the model in the chosen sessions, per minute and account
-- (minute, session_id, host_id, currency, kind at the minute, gross, refunds, orders; minor units). Refunds beyond an
-- order are refunds of the account excess_refund, so that gross - refunds of all accounts is the net.
booked AS (
    SELECT minute, session_id, host_id, currency, gross, refunds, orders
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
),
credited AS (
    SELECT booked.minute AS minute, toString(booked.session_id) AS session_id, toString(booked.host_id) AS host_id,
        toString(booked.currency) AS currency,
        multiIf(
            booked.host_id IN ('unattributed', 'excess_refund'), toString(booked.host_id),
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        ) AS kind,
        booked.gross AS gross,
        if(booked.host_id = 'excess_refund', 0 - booked.refunds, booked.refunds) AS refunds,
        booked.orders AS orders
    FROM booked
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON booked.host_id = host_kinds.host_id AND toDateTime64(booked.minute, 3, 'UTC') >= host_kinds.from_at
)
