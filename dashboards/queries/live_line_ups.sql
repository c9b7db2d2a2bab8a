-- Question: who was on air when? The twelve sessions that were on air last.
-- Columns: time (the state holds from here to the session's next row), session (title), state (code of STATES), hosts
--   (names), session_id.
WITH {{on_air}},
latest AS (
    SELECT on_air.session_id AS session_id,
        groupArray((on_air.start_ms, on_air.until_ms, on_air.kind, ifNull(nullIf(hosts.name, ''), on_air.host_id))) AS pieces
    FROM on_air
    LEFT JOIN roster_hosts AS hosts FINAL ON on_air.host_id = hosts.host_id
    GROUP BY session_id
    HAVING countIf({{chosen}}) > 0
    ORDER BY max(on_air.until_ms) DESC, max(on_air.start_ms) DESC, session_id
    LIMIT 12
),
titled AS (
    SELECT latest.session_id AS session_id, pieces, ifNull(nullIf(sessions.title, ''), latest.session_id) AS title,
        if(count() OVER (PARTITION BY title) > 1, concat(title, ' · ', latest.session_id), title) AS session
    FROM latest
    LEFT JOIN roster_sessions AS sessions FINAL ON latest.session_id = sessions.session_id
)
SELECT fromUnixTimestamp64Milli(at_ms, 'UTC') AS time, session,
    multiIf(
        has(line_up.3, 'human') AND has(line_up.3, 'digital'), 3,
        has(line_up.3, 'human'), 1,
        has(line_up.3, 'digital'), 2,
        notEmpty(line_up), 4,
        0
    ) AS state,
    arrayStringConcat(arraySort(arrayDistinct(line_up.4)), ', ') AS hosts,
    session_id
FROM (
    SELECT session_id, session, pieces, arrayJoin(arrayDistinct(arrayConcat(pieces.1, pieces.2))) AS at_ms,
        arrayFilter(piece -> piece.1 <= at_ms AND piece.2 > at_ms, pieces) AS line_up
    FROM titled
)
WHERE at_ms < (toInt64(toUnixTimestamp($__toTime)) + 1) * 1000
ORDER BY time, session, session_id
