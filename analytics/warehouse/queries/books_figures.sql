-- Question: what do the lines say that count in a stretch of time, per period, currency, model, host and seller?
-- The seller of a session is the one that the roster events in the closing of the period name; '' while it is open.
-- Parameters: from_ms and until_ms (half-open, whole periods).
-- Columns: period (month), currency (ISO 4217 code), model, host_id (or unattributed, excess_refund), seller_id ('' for
--   none), gross, refunds, earlier (exact decimals, minor units), lines (count).
WITH known AS (
    SELECT toString(closings.period) AS period, assumeNotNull(session_id) AS session_id,
        ifNull(argMax(seller_id, (occurred_at, event_id)), '') AS seller_id
    FROM roster_events
    INNER JOIN closings ON bitShiftRight(roster_events.batch, 40) = closings.lane
    WHERE type = 'session_started' AND roster_events.batch <= closings.last_batch
    GROUP BY period, session_id
)
SELECT posted_lines.period AS period, toString(posted_lines.currency) AS currency, toString(posted_lines.model) AS model,
    toString(posted_lines.host_id) AS host_id, known.seller_id AS seller_id,
    toDecimal128(sumIf(toInt128(amount_minor), isNull(refund_id)), 0) AS gross,
    toDecimal128(-sumIf(toInt128(amount_minor), isNotNull(refund_id)), 0) AS refunds,
    toDecimal128(sumIf(toInt128(amount_minor), is_moved), 0) AS earlier,
    count() AS lines
FROM posted_lines
LEFT JOIN known ON posted_lines.period = known.period AND toString(posted_lines.session_id) = known.session_id
WHERE posted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND posted_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    AND booked_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
GROUP BY period, currency, model, host_id, seller_id
ORDER BY period, currency, model, host_id, seller_id
