-- Question: which hosts are there, those who were on air last first?
-- Columns: value (host_id), text (name, with the id where another one has the same).
SELECT value, if(count() OVER (PARTITION BY name) > 1 AND name != value, concat(name, ' · ', value), name) AS text
FROM (
    SELECT known.value AS value, max(known.seen_at) AS seen_at, any(ifNull(nullIf(hosts.name, ''), known.value)) AS name
    FROM (
        SELECT host_id AS value, max(started_at) AS seen_at FROM shifts FINAL GROUP BY host_id
        UNION ALL
        SELECT assumeNotNull(host_id), toDateTime64(0, 3, 'UTC') FROM roster_hosts FINAL
    ) AS known
    LEFT JOIN roster_hosts AS hosts FINAL ON known.value = hosts.host_id
    GROUP BY value
    ORDER BY seen_at DESC, value
    LIMIT 500
)
ORDER BY seen_at DESC, value
