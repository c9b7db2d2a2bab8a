-- Question: how many orders list a host of a kind, by quarter of an hour? An order with two human hosts counts once as
-- human; one with a human and a digital host counts once for each.
-- Parameters: model, currency ('' for all), from_ms and until_ms (half-open, whole quarters of an hour).
-- Columns: at_ms (begin of the quarter of the order, ms UTC), kind (human, digital, unknown, unattributed),
--   currency (ISO 4217 code), orders (count).
WITH standing AS (
    SELECT order_id, host_id, toStartOfMinute(ordered_at) AS minute, currency
    FROM ledger
    WHERE model = {model:String} AND isNull(refund_id)
        AND ({currency:String} = '' OR currency = {currency:String})
        AND booked_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND booked_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    GROUP BY order_id, host_id, minute, currency
    HAVING sum(sign) > 0
)
SELECT toInt64(toUnixTimestamp(toStartOfFifteenMinutes(standing.minute))) * 1000 AS at_ms,
    multiIf(
        standing.host_id = 'unattributed', 'unattributed',
        host_kinds.kind = '', 'unknown',
        toString(host_kinds.kind)
    ) AS kind,
    toString(standing.currency) AS currency,
    toInt64(uniqExact(standing.order_id)) AS orders
FROM standing
ASOF LEFT JOIN host_kinds
    ON standing.host_id = host_kinds.host_id AND toDateTime64(standing.minute, 3, 'UTC') >= host_kinds.from_at
GROUP BY at_ms, kind, currency
ORDER BY at_ms, kind, currency
