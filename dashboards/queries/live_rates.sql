-- Question: what do the rooms make of the people in them?
-- Orders paid outside any session are in no rate: nobody entered a room, clicked or watched for them.
-- Columns: gpm (money per 1,000 room entries), ctor (orders per product click), uv_value (money per viewer),
--   interaction_rate (part of the viewers), pcu (people), acu (people). NULL where there is nothing to divide by.
WITH {{online}},
{{turns}},
came AS (
    SELECT toInt64(uniqExactArray(viewers)) AS people, toInt64(uniqExactArray(interactors)) AS active
    FROM people_minute
    WHERE $__timeFilter(minute) AND {{in_sessions}}
),
did AS (
    SELECT toInt64(sum(views)) AS views, toInt64(sum(clicks)) AS clicks
    FROM activity_minute
    WHERE $__timeFilter(minute) AND {{in_sessions}}
),
paid AS (
    SELECT sumIf(orders_minute.gmv, currency = ${currency:sqlstring}) AS gmv, toInt64(sum(orders_minute.orders)) AS orders
    FROM orders_minute
    WHERE session_id != '' AND $__timeFilter(minute) AND {{in_sessions}}
),
full AS (
    SELECT max(online) AS most FROM audience WHERE minute >= toStartOfMinute($__fromTime)
),
{{watched}},
live AS (
    SELECT intervalLengthSum(start_ms, end_ms) AS live_ms FROM turns WHERE start_ms < end_ms
)
SELECT
    toDecimal128(roundBankers(toDecimal256(gmv, 14) * 1000 / nullIf(views, 0)), 4) / {{units}} AS gpm,
    orders / nullIf(clicks, 0) AS ctor,
    toDecimal128(roundBankers(toDecimal256(gmv, 14) / nullIf(people, 0)), 4) / {{units}} AS uv_value,
    active / nullIf(people, 0) AS interaction_rate,
    most AS pcu,
    (SELECT sum(watch_ms) FROM watched) / nullIf(live_ms, 0) AS acu
FROM came
CROSS JOIN did
CROSS JOIN paid
CROSS JOIN full
CROSS JOIN live
