-- Question: what did those buy, anywhere, who watched the sessions in which a script was begun?
-- Parameters: script. Columns: order_id, viewer_id, ordered_ms (ms UTC), currency (ISO 4217 code), amount_minor (minor units).
SELECT order_id, viewer_id, toUnixTimestamp64Milli(ordered_at) AS ordered_ms, toString(orders.currency) AS currency,
    amount_minor
FROM orders
WHERE viewer_id IN (
    SELECT viewer_id FROM presence WHERE session_id IN (
        SELECT assumeNotNull(session_id) FROM roster_events WHERE type = 'script_started' AND script_id = {script:String}
    )
)
