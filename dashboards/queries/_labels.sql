-- Fragment, common table expressions: when the AI label of a host was on screen in a session.
-- Columns of labels: session_id, host_id, shown_ms, hidden_ms (ms UTC, half-open).
label_marks AS (
    SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id,
        toUnixTimestamp64Milli(occurred_at) AS at_ms, argMax(type = 'label_shown', event_id) AS shown
    FROM roster_events
    WHERE type IN ('label_shown', 'label_hidden')
    GROUP BY session_id, host_id, at_ms
),
labels AS (
    SELECT session_id, host_id, at_ms AS shown_ms, next_ms AS hidden_ms
    FROM (
        SELECT session_id, host_id, at_ms, shown, leadInFrame(at_ms, 1, toInt64(9999999999999)) OVER (
            PARTITION BY session_id, host_id ORDER BY at_ms ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS next_ms
        FROM label_marks
    )
    WHERE shown
)
