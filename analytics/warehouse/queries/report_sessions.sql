-- Question: what are the sessions?
-- Columns: session_id, platform, seller_id, title (NULL when unknown), started_ms (ms UTC; NULL before its start).
SELECT assumeNotNull(session_id) AS session_id, toString(platform) AS platform, seller_id, title,
    toUnixTimestamp64Milli(started_at) AS started_ms
FROM sessions
ORDER BY session_id
