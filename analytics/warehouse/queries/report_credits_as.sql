-- Question: what was booked to each account under one model, as the books said it: by the time at which it counts (posted) or
-- to which it belongs, from lines that were known at a time? Like report_credits, from the ledger instead of the rollup.
-- Parameters: model, currency ('' for all), from_ms and until_ms (half-open, whole quarters of an hour), posted (1: by
--   posting time, 0: by booking time), known_ms (lines written before it).
-- Columns: at_ms (begin of the quarter, ms UTC), session_id ('' outside), host_id (or unattributed, excess_refund),
--   kind (human, digital, unknown, unattributed, excess_refund), currency (ISO 4217 code),
--   gross_minor and refunds_minor (exact decimals; refunds of excess_refund are negative, as the ledger keeps it),
--   orders (that list the account; less those that a restatement took from it).
WITH booked AS (
    SELECT toStartOfFifteenMinutes(if({posted:UInt8} = 1, posted_at, booked_at)) AS at, toStartOfMinute(booked_at) AS minute,
        session_id, host_id, currency,
        sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
        -sumIf(toInt128(amount_minor), isNotNull(refund_id)) AS refunds,
        sumIf(toInt64(sign), isNull(refund_id)) AS orders
    FROM posted_lines
    WHERE model = {model:String} AND ({currency:String} = '' OR currency = {currency:String})
        AND recorded_at < fromUnixTimestamp64Milli({known_ms:Int64}, 'UTC')
        AND at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
        AND booked_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    GROUP BY at, minute, session_id, host_id, currency
)
SELECT toInt64(toUnixTimestamp(booked.at)) * 1000 AS at_ms,
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
