-- Question: which orders came last, who has them, and why? An order whose credit is not stored yet is not shown yet.
-- Columns: time (paid, UTC), order_id, session (title; NULL outside), amount, refunded (money; NULL where nothing came
--   back), items (pieces), credit (hosts, with their shares where there are several), reason (words), restated (lines of
--   the ledger), session_id.
WITH listing AS (
    SELECT ledger.order_id AS order_id, toString(ledger.host_id) AS host_id, ledger.ordered_at AS ordered_at
    FROM ledger
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND isNull(refund_id)
        AND $__timeFilter(toStartOfMinute(booked_at))
    GROUP BY order_id, host_id, ordered_at
    HAVING sum(sign) > 0
),
by_kind AS (
    SELECT listing.order_id AS order_id, listing.host_id AS host_id,
        multiIf(
            listing.host_id = 'unattributed', 'unattributed',
            host_kinds.kind = '', 'unknown',
            toString(host_kinds.kind)
        ) AS kind
    FROM listing
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON listing.host_id = host_kinds.host_id
        AND toDateTime64(toStartOfMinute(listing.ordered_at), 3, 'UTC') >= host_kinds.from_at
),
last AS (
    SELECT order_id, ordered_at, ifNull(toString(orders.session_id), '') AS session_id, amount_minor, items
    FROM orders
    WHERE currency = ${currency:sqlstring} AND $__timeFilter(toStartOfMinute(ordered_at))
        AND {{in_sessions}}
        AND $__conditionalAll(order_id IN (SELECT order_id FROM by_kind WHERE {{chosen}}), $host)
        AND $__conditionalAll(order_id IN (SELECT order_id FROM by_kind WHERE {{chosen}}), $kind)
    ORDER BY ordered_at DESC, order_id
    LIMIT 60
),
standing AS (
    SELECT order_id, toString(ledger.host_id) AS host_id,
        sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
        sumIf(toInt128(amount_minor), isNotNull(refund_id)) * if(host_id = 'excess_refund', 1, -1) AS refunds,
        argMaxIf(weight, batch, sign > 0 AND isNull(refund_id)) AS weight,
        toString(argMaxIf(basis, batch, sign > 0 AND isNull(refund_id))) AS basis,
        countIf(ledger.kind = 'restatement') AS restated,
        sumIf(sign, isNull(refund_id)) > 0 AS stands
    FROM ledger
    WHERE model = ${model:sqlstring} AND order_id IN (SELECT order_id FROM last)
    GROUP BY order_id, host_id
),
weighed AS (
    SELECT standing.order_id AS order_id, standing.refunds AS refunds, standing.restated AS restated, stands, basis, gross,
        ifNull(nullIf(hosts.name, ''), standing.host_id) AS name,
        toFloat64(weight) / nullIf(toFloat64(sumIf(weight, stands) OVER (PARTITION BY standing.order_id)), 0) AS part,
        1 / countIf(stands) OVER (PARTITION BY standing.order_id) AS equal_part
    FROM standing
    LEFT JOIN roster_hosts AS hosts FINAL ON standing.host_id = hosts.host_id
),
credit AS (
    SELECT order_id, sum(refunds) AS back, sum(restated) AS lines,
        arrayMap(
            one -> if(one.3 = 1, one.2, concat(one.2, ' ', toString(round(one.3 * 100)), ' %')),
            arraySort(one -> (-one.1, one.2), groupArrayIf((gross, name, ifNull(part, equal_part)), stands))
        ) AS hosts,
        arraySort(groupUniqArrayIf(basis, stands)) AS reasons
    FROM weighed
    GROUP BY order_id
)
SELECT last.ordered_at AS time, last.order_id AS order_id,
    if(last.session_id = '', NULL, ifNull(nullIf(sessions.title, ''), last.session_id)) AS session,
    toDecimal128(last.amount_minor, 4) / {{units}} AS amount,
    nullIf(toDecimal128(credit.back, 4) / {{units}}, 0) AS refunded,
    last.items AS items,
    arrayStringConcat(credit.hosts, ', ') AS credit,
    arrayStringConcat(credit.reasons, '; ') AS reason,
    toInt64(credit.lines) AS restated,
    nullIf(last.session_id, '') AS session_id
FROM last
INNER JOIN credit ON last.order_id = credit.order_id
LEFT JOIN roster_sessions AS sessions FINAL ON last.session_id = sessions.session_id
ORDER BY time DESC, order_id
LIMIT 40
