-- Question: which figures of the range did late facts change after they were first booked?
-- Columns: day (of the figures, in the seller's time zone), reason, lines, orders (counts), moved (the positive lines, money),
--   latest (when the last line was written).
SELECT toDate(booked_at, ${zone:sqlstring}) AS day, toString(ledger.reason) AS reason,
    toInt64(count()) AS lines,
    toInt64(uniqExact(order_id)) AS orders,
    toDecimal128(sum(toInt128(greatest(amount_minor, 0))), 4) / {{units}} AS moved,
    max(recorded_at) AS latest
FROM ledger
WHERE kind = 'restatement' AND model = ${model:sqlstring} AND currency = ${currency:sqlstring}
    AND $__timeFilter(toStartOfMinute(booked_at)) AND {{in_sessions}} AND $__conditionalAll(host_id IN (${host:sqlstring}), $host)
GROUP BY day, reason
ORDER BY day DESC, reason
