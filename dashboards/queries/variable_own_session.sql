-- Question: in which sessions of the range were the hosts whose rows are seen, the latest first?
-- Columns: value (session_id), text (title and platform, with the id where another one has the same).
SELECT value, if(count() OVER (PARTITION BY name) > 1, concat(name, ' · ', value), name) AS text
FROM (
    SELECT assumeNotNull(session_id) AS value, ifNull(started_at, ended_at) AS began,
        arrayStringConcat(
            arrayFilter(word -> word != '', [ifNull(nullIf(title, ''), value), ifNull(toString(platform), '')]), ' · '
        ) AS name
    FROM roster_sessions AS sessions FINAL
    WHERE {{own_sessions}}
        AND ifNull(started_at, ended_at) < $__toTime + INTERVAL 1 second AND (isNull(ended_at) OR ended_at >= $__fromTime)
    ORDER BY began DESC, value
    LIMIT 500
)
ORDER BY began DESC, value
