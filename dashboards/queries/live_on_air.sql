-- Question: who is on air at the end of the range, and what of watched rooms with nobody on air?
-- Columns: session (title), platform, category, host (name; NULL: nobody on air), kind, likeness (name of the human), since
--   (UTC), seconds (on air, to the newest event), label (shown, hidden, not reported; NULL of humans), online (people), gmv
--   (money of this host in this session), session_id, host_id.
WITH $__toTime + INTERVAL 1 second AS end_at,
present AS (
    SELECT session_id, host_id, started_at, end_at AS seen_at
    FROM shifts FINAL
    WHERE started_at < end_at AND (isNull(ended_at) OR ended_at >= end_at) AND {{in_sessions}}
),
presenting AS (
    SELECT present.session_id AS session_id, present.host_id AS host_id, present.started_at AS started_at,
        if(host_kinds.kind = '', 'unknown', toString(host_kinds.kind)) AS kind
    FROM present
    ASOF LEFT JOIN host_kinds
        ON present.host_id = host_kinds.host_id AND toDateTime64(present.seen_at, 3, 'UTC') >= host_kinds.from_at
),
watching AS (
    SELECT toString(presence_minute.session_id) AS session_id, toInt64(sum(presence_minute.change)) AS online
    FROM presence_minute
    WHERE minute <= $__toTime AND {{in_sessions}}
    GROUP BY session_id
),
rooms AS (
    SELECT session_id, host_id, kind, started_at FROM presenting WHERE {{chosen}}
    UNION ALL
    SELECT session_id, '' AS host_id, '' AS kind, toDateTime64(0, 3, 'UTC') AS started_at
    FROM watching
    WHERE online > 0 AND {{everybody}}
        AND session_id NOT IN (SELECT session_id FROM present)
),
beside AS (
    SELECT session_id, host_id, sum(gross) AS earned, max(label) AS told
    FROM (
        SELECT toString(revenue_minute.session_id) AS session_id, toString(revenue_minute.host_id) AS host_id, gross,
            '' AS label
        FROM revenue_minute
        WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
        UNION ALL
        SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id, toInt128(0),
            if(argMax(type = 'label_shown', (occurred_at, event_id)), 'shown', 'hidden')
        FROM roster_events
        WHERE type IN ('label_shown', 'label_hidden') AND occurred_at < end_at
        GROUP BY session_id, host_id
    )
    GROUP BY session_id, host_id
)
SELECT ifNull(nullIf(sessions.title, ''), rooms.session_id) AS session, sessions.platform AS platform,
    sessions.category AS category,
    if(rooms.host_id = '', NULL, ifNull(nullIf(hosts.name, ''), rooms.host_id)) AS host,
    nullIf(rooms.kind, '') AS kind,
    ifNull(nullIf(humans.name, ''), hosts.likeness_of) AS likeness,
    if(rooms.host_id = '', NULL, rooms.started_at) AS since,
    dateDiff('millisecond', since, least(toDateTime64(end_at, 3, 'UTC'), (SELECT max(newest_at) FROM batches))) / 1000
        AS seconds,
    multiIf(rooms.kind != 'digital', NULL, beside.told = '', 'not reported', beside.told) AS label,
    watching.online AS online,
    if(rooms.host_id = '', NULL, toDecimal128(beside.earned, 4) / {{units}}) AS gmv,
    rooms.session_id AS session_id, nullIf(rooms.host_id, '') AS host_id
FROM rooms
LEFT JOIN sessions ON rooms.session_id = sessions.session_id
LEFT JOIN hosts ON rooms.host_id = hosts.host_id
LEFT JOIN hosts AS humans ON hosts.likeness_of = humans.host_id
LEFT JOIN watching ON rooms.session_id = watching.session_id
LEFT JOIN beside ON rooms.session_id = beside.session_id AND rooms.host_id = beside.host_id
WHERE rooms.host_id != '' OR isNull(sessions.ended_at) OR sessions.ended_at >= end_at
ORDER BY online DESC, session_id, since, host_id
LIMIT 100
