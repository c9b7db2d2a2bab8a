-- Question: who took over when? The latest 200 begins of shifts.
-- Columns: time (UTC), text (words).
WITH begun AS (
    SELECT started_at, session_id, host_id
    FROM shifts FINAL
    WHERE started_at >= $__fromTime AND started_at < $__toTime + INTERVAL 1 second
        AND {{in_sessions}} AND $__conditionalAll(host_id IN (${host:sqlstring}), $host)
    ORDER BY started_at DESC, session_id, host_id
    LIMIT 200
)
SELECT begun.started_at AS time,
    concat(ifNull(nullIf(hosts.name, ''), begun.host_id), ' on air: ', ifNull(nullIf(sessions.title, ''), begun.session_id))
        AS text
FROM begun
LEFT JOIN roster_hosts AS hosts FINAL ON begun.host_id = hosts.host_id
LEFT JOIN roster_sessions AS sessions FINAL ON begun.session_id = sessions.session_id
ORDER BY time, text
