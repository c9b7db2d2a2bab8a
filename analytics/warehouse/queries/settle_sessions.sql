-- Question: whose are the sessions, where, and what are they about?
-- Columns: session_id, seller_id, platform, category (NULL when unknown), ended_ms (ms UTC; NULL before its end).
SELECT assumeNotNull(session_id) AS session_id, seller_id, nullIf(ifNull(toString(platform), ''), '') AS platform, category,
    toUnixTimestamp64Milli(ended_at) AS ended_ms
FROM sessions
ORDER BY session_id
