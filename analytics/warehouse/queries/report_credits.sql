-- Question: what was booked to each account under one model, by quarter of an hour, session and the kind it had then?
-- Every time zone of today begins its days on a quarter of an hour, so days of any of them are sums of these rows.
-- Parameters: model, currency ('' for all), from_ms and until_ms (half-open, whole quarters of an hour).
-- Columns: at_ms (begin of the quarter, ms UTC), session_id ('' outside), host_id (or unattributed, excess_refund),
--   kind (human, digital, unknown, unattributed, excess_refund), currency (ISO 4217 code),
--   gross_minor and refunds_minor (exact decimals; refunds of excess_refund are negative, as the ledger keeps it),
--   orders (that list the account).
WITH booked AS (
    SELECT minute, session_id, host_id, currency,
        sum(gross) AS gross, sum(refunds) AS refunds, sum(orders) AS orders
    FROM revenue_minute
    WHERE model = {model:String} AND ({currency:String} = '' OR currency = {currency:String})
        AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND minute < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    GROUP BY minute, session_id, host_id, currency
)
SELECT toInt64(toUnixTimestamp(toStartOfFifteenMinutes(booked.minute))) * 1000 AS at_ms,
    toString(booked.session_id) AS session_id,
    toString(booked.host_id) AS host_id,
    multiIf(
        booked.host_id IN ('unattributed', 'excess_refund'), toString(booked.host_id),
        host_kinds.kind = '', 'unknown',
        toString(host_kinds.kind)
    ) AS kind,
    toString(booked.currency) AS currency,
    toDecimal128(sum(booked.gross), 0) AS gross_minor,
    toDecimal128(sum(booked.refunds), 0) AS refunds_minor,
    toInt64(sum(booked.orders)) AS orders
FROM booked
ASOF LEFT JOIN host_kinds
    ON booked.host_id = host_kinds.host_id AND toDateTime64(booked.minute, 3, 'UTC') >= host_kinds.from_at
GROUP BY at_ms, session_id, host_id, kind, currency
ORDER BY at_ms, session_id, host_id, kind, currency
