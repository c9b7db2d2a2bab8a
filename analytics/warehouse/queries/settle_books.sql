-- Question: what was paid and refunded in a period, straight from the posted lines?
-- Parameters: model; from_ms, until_ms (the period: posted in it, half-open, ms UTC).
-- Columns: currency, gross_minor, refunds_minor (minor units; refunds beyond an order included).
SELECT toString(posted_lines.currency) AS currency,
    toInt64(sumIf(amount_minor, isNull(refund_id))) AS gross_minor,
    toInt64(sumIf(if(host_id = 'excess_refund', amount_minor, -amount_minor), isNotNull(refund_id))) AS refunds_minor
FROM posted_lines
WHERE model = {model:String} AND posted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND posted_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
GROUP BY currency
ORDER BY currency
