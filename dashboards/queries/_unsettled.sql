-- Fragment, common table expressions: orders whose books may lawfully be open at this instant. Their batch or that of a
-- refund is being stored, or a refund of theirs came in the last ten minutes and may have to go from one lane of Kafka to another.
-- unsettled: their order ids, as one array; looked up once, however often it is named.
lanes AS (
    SELECT CAST((groupArray(lane), groupArray(stored)), 'Map(UInt64, UInt64)') AS stored,
        CAST((groupArray(lane), groupArray(settled)), 'Map(UInt64, UInt64)') AS settled
    FROM (
        SELECT bitShiftRight(batch, 40) AS lane, max(batch) AS stored,
            if(lane = 0, stored, maxIf(batch, recorded_at < now64(3, 'UTC') - INTERVAL 10 minute)) AS settled
        FROM batches
        GROUP BY lane
    )
),
(
    SELECT groupArray(order_id)
    FROM (
        SELECT order_id FROM orders WHERE batch > (SELECT stored FROM lanes)[bitShiftRight(batch, 40)]
        UNION DISTINCT
        SELECT order_id FROM refunds WHERE batch > (SELECT settled FROM lanes)[bitShiftRight(batch, 40)]
    )
) AS unsettled
