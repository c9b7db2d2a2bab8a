-- Question: when was a digital host on air without the AI label? The latest 200 stretches.
-- Columns: time, timeEnd (UTC), text (words).
WITH {{on_air}},
{{labels}},
{{labelled}},
missing AS (
    SELECT session_id, host_id, arrayJoin(gaps) AS gap
    FROM labelled
    WHERE $__conditionalAll(host_id IN (${host:sqlstring}), $host)
    ORDER BY gap.1 DESC, session_id, host_id
    LIMIT 200
)
SELECT fromUnixTimestamp64Milli(missing.gap.1, 'UTC') AS time, fromUnixTimestamp64Milli(missing.gap.2, 'UTC') AS timeEnd,
    concat(
        'no AI label: ', ifNull(nullIf(hosts.name, ''), missing.host_id), ', ',
        ifNull(nullIf(sessions.title, ''), missing.session_id)
    ) AS text
FROM missing
LEFT JOIN roster_hosts AS hosts FINAL ON missing.host_id = hosts.host_id
LEFT JOIN roster_sessions AS sessions FINAL ON missing.session_id = sessions.session_id
ORDER BY time, text
