-- Fragment, common table expressions: orders whose books may lawfully be open at this instant. Their batch or that of a
-- refund is being stored, or a refund of theirs came in the last ten minutes and may have to go from one lane of Kafka to another.
-- unsettled: their order ids, as one array; looked up once, however often it is named.
ends AS (
    SELECT CAST((groupArray(lane), groupArray(stored)), 'Map(UInt64, UInt64)') AS stored,
        CAST((groupArray(lane), groupArray(settled)), 'Map(UInt64, UInt64)') AS settled
    FROM (
        SELECT lane, max(last) AS stored, if(lane = 0 OR max(young) = 0, stored, minIf(young, young > 0) - 1) AS settled
        FROM (
            SELECT lane, lanes.batch AS last, toUInt64(0) AS young FROM lanes
            UNION ALL
            SELECT bitShiftRight(batch, 40), batch, batch FROM batches WHERE recorded_at >= now64(3, 'UTC') - INTERVAL 10 minute
        )
        GROUP BY lane
    )
),
(
    SELECT groupArray(order_id)
    FROM (
        SELECT order_id FROM orders WHERE batch > (SELECT stored FROM ends)[bitShiftRight(batch, 40)]
        UNION DISTINCT
        SELECT order_id FROM refunds WHERE batch > (SELECT settled FROM ends)[bitShiftRight(batch, 40)]
    )
) AS unsettled
