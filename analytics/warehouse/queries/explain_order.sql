-- Question: what is this order, and what session was it paid in?
-- Parameters: order_id.
-- Columns: order_id, viewer_id, ordered_ms (ms UTC), session_id, declared_host_id (NULL when absent), currency (ISO 4217
--   code), amount_minor (minor units), items (pieces), platform, seller_id, title (of the session; NULL when unknown).
SELECT found.order_id AS order_id, found.viewer_id AS viewer_id, toUnixTimestamp64Milli(found.ordered_at) AS ordered_ms,
    toString(found.session_id) AS session_id, toString(found.declared_host_id) AS declared_host_id,
    toString(found.currency) AS currency, found.amount_minor AS amount_minor, found.items AS items,
    nullIf(toString(sessions.platform), '') AS platform, sessions.seller_id AS seller_id, sessions.title AS title
FROM (SELECT * FROM orders WHERE order_id = {order_id:String} LIMIT 1) AS found
LEFT JOIN sessions ON found.session_id = sessions.session_id
