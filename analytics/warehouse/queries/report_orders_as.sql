-- Question: how many orders list a host of a kind, as the books said it? An order counts where its sale counts; where a later
-- restatement in another period takes it from a kind, it counts there as -1.
-- Parameters: model, currency ('' for all), from_ms and until_ms (half-open, whole quarters of an hour), posted (1: by
--   posting time, 0: by booking time), known_ms (lines written before it).
-- Columns: at_ms (begin of the quarter, ms UTC), session_id ('' outside), kind (human, digital, unknown, unattributed; ''
--   for orders whatever their kind), currency (ISO 4217 code), orders (count).
WITH sales AS (
    SELECT order_id, host_id, session_id, currency, sign, toStartOfMinute(ordered_at) AS minute,
        toStartOfFifteenMinutes(if({posted:UInt8} = 1, posted_at, booked_at)) AS at
    FROM posted_lines
    WHERE model = {model:String} AND isNull(refund_id) AND ({currency:String} = '' OR currency = {currency:String})
        AND recorded_at < fromUnixTimestamp64Milli({known_ms:Int64}, 'UTC')
        AND booked_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
),
kinds AS (
    SELECT sales.order_id AS order_id, toString(sales.session_id) AS session_id, toString(sales.currency) AS currency,
        sales.at AS at, sales.sign AS sign,
        arrayJoin(['', multiIf(
            sales.host_id = 'unattributed', 'unattributed',
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        )]) AS kind
    FROM sales
    ASOF LEFT JOIN host_kinds
        ON sales.host_id = host_kinds.host_id AND toDateTime64(sales.minute, 3, 'UTC') >= host_kinds.from_at
),
steps AS (
    SELECT order_id, session_id, currency, kind, at, sum(toInt64(sign)) AS change
    FROM kinds
    GROUP BY order_id, session_id, currency, kind, at
),
running AS (
    SELECT session_id, currency, kind, at, change,
        sum(change) OVER (PARTITION BY order_id, session_id, kind ORDER BY at) AS after
    FROM steps
)
SELECT toInt64(toUnixTimestamp(at)) * 1000 AS at_ms, session_id, kind, currency,
    toInt64(sum(toInt64(after > 0) - toInt64(after - change > 0))) AS orders
FROM running
WHERE at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
GROUP BY at_ms, session_id, kind, currency
ORDER BY at_ms, session_id, kind, currency
