-- Question: what did each kind of host sell, period by period?
-- A day begins where its noon's day begins, for clocks leave some midnights out, which are read as an hour of the day before.
-- Columns: time (begin of the period in the seller's time zone), kind (human, digital, unknown, unattributed), gross (money).
WITH {{finance_credited}}
SELECT toDateTime(toStartOfDay(toDateTime(toString({{finance_period}}), ${zone:sqlstring}) + INTERVAL 12 HOUR), 'UTC') AS time,
    kind,
    toDecimal128(sum(credited.gross), 4) / {{units}} AS gross
FROM credited
WHERE currency = ${currency:sqlstring} AND kind != 'excess_refund' AND {{hosts_chosen}}
GROUP BY time, kind
HAVING gross != 0 OR sum(credited.orders) != 0
ORDER BY time, kind
