-- Question: what did each host earn under one model, step by step through the window, by the kind it had then?
-- Parameters: model, currency, from_ms and until_ms (half-open, whole minutes), step_ms (whole minutes).
-- Columns: at_ms (begin of the step, ms UTC), host_id (or unattributed, excess_refund),
--   kind (human, digital, unknown, unattributed, excess_refund),
--   gross and refunds (minor units, exact decimals), orders (count).
WITH earned AS (
    SELECT host_id, minute, sum(gross) AS gross, sum(refunds) AS refunds, sum(orders) AS orders
    FROM revenue_minute
    WHERE model = {model:String} AND currency = {currency:String}
        AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND minute < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    GROUP BY host_id, minute
)
SELECT
    {from_ms:Int64} + intDiv(toInt64(toUnixTimestamp(earned.minute)) * 1000 - {from_ms:Int64}, {step_ms:Int64})
        * {step_ms:Int64} AS at_ms,
    toString(earned.host_id) AS host_id,
    multiIf(
        earned.host_id IN ('unattributed', 'excess_refund'), toString(earned.host_id),
        host_kinds.kind = '', 'unknown',
        toString(host_kinds.kind)
    ) AS kind,
    toDecimal128(sum(earned.gross), 0) AS gross,
    toDecimal128(sum(earned.refunds), 0) AS refunds,
    toInt64(sum(earned.orders)) AS orders
FROM earned
ASOF LEFT JOIN host_kinds
    ON earned.host_id = host_kinds.host_id AND toDateTime64(earned.minute, 3, 'UTC') >= host_kinds.from_at
GROUP BY at_ms, host_id, kind
ORDER BY at_ms, host_id, kind
