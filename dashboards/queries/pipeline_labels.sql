-- Question: was the AI label shown while digital hosts were on air?
-- Columns: session (title), host (name), coverage (part of the seconds on air), live, shown (seconds), gaps (count), longest
--   (seconds), session_id, host_id, kind.
WITH {{on_air}},
{{labels}},
{{labelled}},
summed AS (
    SELECT session_id, host_id, sum(end_ms - start_ms) AS live_ms,
        sum(arraySum(stretch -> stretch.2 - stretch.1, labelled.shown)) AS shown_ms, sum(length(labelled.gaps)) AS gaps,
        max(arrayMax(arrayMap(gap -> gap.2 - gap.1, labelled.gaps))) AS longest_ms
    FROM labelled
    WHERE $__conditionalAll(host_id IN (${host:sqlstring}), $host)
    GROUP BY session_id, host_id
)
SELECT ifNull(nullIf(sessions.title, ''), summed.session_id) AS session,
    ifNull(nullIf(hosts.name, ''), summed.host_id) AS host,
    shown_ms / live_ms AS coverage, live_ms / 1000 AS live, shown_ms / 1000 AS shown, toInt64(summed.gaps) AS gaps,
    longest_ms / 1000 AS longest, summed.session_id AS session_id, summed.host_id AS host_id, 'digital' AS kind
FROM summed
LEFT JOIN roster_hosts AS hosts FINAL ON summed.host_id = hosts.host_id
LEFT JOIN roster_sessions AS sessions FINAL ON summed.session_id = sessions.session_id
ORDER BY coverage, live DESC, session_id, host_id
LIMIT 200
