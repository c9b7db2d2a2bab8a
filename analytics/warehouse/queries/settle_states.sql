-- Question: what did the books hold of each order and account before and after a period, for orders that the period touched?
-- Parameters: model; from_ms, until_ms (the period: posted in it, half-open, ms UTC); lines count when they are posted.
-- Columns: order_id, session_id, host_id (or unattributed, excess_refund), host_kind (as registered when the order was
--   paid; human, digital, unknown or the account), seller_id, platform, currency, at_ms (when it was paid, ms UTC),
--   gross_before, net_before, gross_after, net_after (minor units; excess_refund positive, as the ledger keeps it).
--   session_id, seller_id and platform are NULL outside of any session, or where it is unknown.
WITH posted AS (
    SELECT order_id, toString(host_id) AS account, toString(currency) AS code, toString(session_id) AS session,
        ordered_at, amount_minor, isNull(refund_id) AS is_sale,
        posted_at < fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS is_before
    FROM posted_lines
    WHERE model = {model:String} AND posted_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
        AND order_id IN (
            SELECT order_id FROM posted_lines
            WHERE model = {model:String} AND posted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
                AND posted_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
        )
),
summed AS (
    SELECT order_id, account, code, session, ordered_at,
        sumIf(amount_minor, is_sale AND is_before) AS gross_before, sumIf(amount_minor, is_before) AS net_before,
        sumIf(amount_minor, is_sale) AS gross_after, sum(amount_minor) AS net_after
    FROM posted
    GROUP BY order_id, account, code, session, ordered_at
)
SELECT summed.order_id AS order_id, nullIf(summed.session, '') AS session_id, summed.account AS host_id,
    multiIf(
        summed.account IN ('unattributed', 'excess_refund'), summed.account,
        host_kinds.kind = '', 'unknown',
        toString(host_kinds.kind)
    ) AS host_kind,
    nullIf(ifNull(sessions.seller_id, ''), '') AS seller_id, nullIf(ifNull(toString(sessions.platform), ''), '') AS platform,
    summed.code AS currency, toUnixTimestamp64Milli(summed.ordered_at) AS at_ms,
    summed.gross_before AS gross_before, summed.net_before AS net_before,
    summed.gross_after AS gross_after, summed.net_after AS net_after
FROM summed
ASOF LEFT JOIN host_kinds ON summed.account = host_kinds.host_id AND summed.ordered_at >= host_kinds.from_at
LEFT JOIN sessions ON summed.session = sessions.session_id
WHERE gross_before != 0 OR net_before != 0 OR gross_after != 0 OR net_after != 0
ORDER BY order_id, host_id
