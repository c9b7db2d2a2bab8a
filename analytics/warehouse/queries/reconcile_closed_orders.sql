-- Question: which orders made accounts of a closed period differ from what was stored at its closing?
-- First those with lines written after the closing; then those whose lines sum to the difference of their account.
-- Parameters: period, currency, model, closed_ms (ms UTC), host_ids (accounts that differ), differences (of each: net of
--   now - net of then, minor units).
-- Columns: order_id, late (it has lines written after the closing), fits (its lines sum to a difference); up to 20.
SELECT order_id, max(is_late) AS late, max(does_fit) AS fits
FROM (
    SELECT order_id, max(recorded_at > fromUnixTimestamp64Milli({closed_ms:Int64}, 'UTC')) AS is_late,
        toString(posted_lines.host_id) AS account,
        sum(toInt128(amount_minor)) = toInt128(
            transform(account, {host_ids:Array(String)}, {differences:Array(Int64)}, toInt64(0))
        ) AS does_fit
    FROM posted_lines
    WHERE period = {period:String} AND posted_lines.currency = {currency:String} AND posted_lines.model = {model:String}
        AND account IN {host_ids:Array(String)}
    GROUP BY order_id, account
)
GROUP BY order_id
ORDER BY late DESC, fits DESC, order_id
LIMIT 20
