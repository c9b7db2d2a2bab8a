-- Question: how much of the GMV that sessions made in the last hour has no host? The worst currency with at least ten
-- orders; no row without such a currency.
-- Columns: share (part of one).
SELECT max(part) AS share
FROM (
    SELECT toFloat64(sumIf(gross, host_id = 'unattributed')) / nullIf(toFloat64(sum(gross)), 0) AS part
    FROM revenue_minute
    WHERE model = 'on_air' AND session_id != '' AND minute >= now() - INTERVAL 1 hour
        AND currency IN (
            SELECT orders_minute.currency
            FROM orders_minute
            WHERE orders_minute.minute >= now() - INTERVAL 1 hour
            GROUP BY orders_minute.currency
            HAVING sum(orders_minute.orders) >= 10
        )
    GROUP BY currency
)
HAVING isNotNull(share)
