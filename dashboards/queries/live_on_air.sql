-- Question: who is on air at the end of the range, and what of watched rooms with nobody on air?
-- Columns: session (title), platform, category, host (name; NULL: nobody on air), kind, likeness (name of the human), since
--   (UTC), seconds (on air, to the newest event), label (shown, hidden, not reported; NULL of humans), online (people), gmv
--   (money of this host in this session), session_id, host_id.
-- seen: shifts, people, money and labels as rows, added up once; each of them joined would have to be planned once more.
WITH $__toTime + INTERVAL 1 second AS end_at,
seen AS (
    SELECT session_id, host_id, toUInt8(1) AS presents, started_at, toInt64(0) AS people, toInt128(0) AS earned, '' AS told
    FROM shifts FINAL
    WHERE started_at < end_at AND (isNull(ended_at) OR ended_at >= end_at) AND {{in_sessions}}
    UNION ALL
    SELECT toString(presence_minute.session_id) AS session_id, '', 0, toDateTime64(0, 3, 'UTC'),
        toInt64(sum(presence_minute.change)), toInt128(0), ''
    FROM presence_minute
    WHERE minute <= $__toTime AND {{in_sessions}}
    GROUP BY session_id
    UNION ALL
    SELECT toString(session_id), toString(host_id), 0, toDateTime64(0, 3, 'UTC'), 0, gross, ''
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute) AND {{in_sessions}}
    UNION ALL
    SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id, 0, toDateTime64(0, 3, 'UTC'), 0,
        toInt128(0), if(argMax(type = 'label_shown', (occurred_at, event_id)), 'shown', 'hidden')
    FROM roster_events
    WHERE type IN ('label_shown', 'label_hidden') AND occurred_at < end_at
    GROUP BY session_id, host_id
),
added AS (
    SELECT session_id, host_id, max(seen.presents) AS presents, max(max(seen.presents)) OVER of_room AS presented,
        max(seen.started_at) AS started_at, sum(sum(seen.people)) OVER of_room AS online, sum(seen.earned) AS earned,
        max(seen.told) AS told, end_at AS seen_at
    FROM seen
    GROUP BY session_id, host_id
    WINDOW of_room AS (PARTITION BY session_id)
),
rooms AS (
    SELECT added.session_id AS session_id, added.host_id AS host_id, presents,
        multiIf(added.host_id = '', '', host_kinds.kind = '', 'unknown', toString(host_kinds.kind)) AS kind,
        added.started_at AS started_at, added.online AS online, added.earned AS earned, added.told AS told
    FROM (SELECT * FROM added WHERE presents OR (host_id = '' AND online > 0 AND NOT presented)) AS added
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON added.host_id = host_kinds.host_id AND toDateTime64(added.seen_at, 3, 'UTC') >= host_kinds.from_at
)
SELECT ifNull(nullIf(sessions.title, ''), rooms.session_id) AS session, sessions.platform AS platform,
    sessions.category AS category,
    if(rooms.host_id = '', NULL, ifNull(nullIf(hosts.name, ''), rooms.host_id)) AS host,
    nullIf(rooms.kind, '') AS kind,
    ifNull(nullIf(humans.name, ''), hosts.likeness_of) AS likeness,
    if(rooms.host_id = '', NULL, rooms.started_at) AS since,
    dateDiff('millisecond', since, least(toDateTime64(end_at, 3, 'UTC'), (SELECT max(newest_at) FROM lanes))) / 1000
        AS seconds,
    multiIf(rooms.kind != 'digital', NULL, rooms.told = '', 'not reported', rooms.told) AS label,
    rooms.online AS online,
    if(rooms.host_id = '', NULL, toDecimal128(rooms.earned, 4) / {{units}}) AS gmv,
    rooms.session_id AS session_id, nullIf(rooms.host_id, '') AS host_id
FROM (SELECT * FROM rooms WHERE if(presents, {{chosen}}, {{everybody}})) AS rooms
LEFT JOIN roster_sessions AS sessions FINAL ON rooms.session_id = sessions.session_id
LEFT JOIN roster_hosts AS hosts FINAL ON rooms.host_id = hosts.host_id
LEFT JOIN roster_hosts AS humans FINAL ON hosts.likeness_of = humans.host_id
WHERE rooms.host_id != '' OR isNull(sessions.ended_at) OR sessions.ended_at >= end_at
ORDER BY online DESC, session_id, since, host_id
LIMIT 100
