-- Fragment, common table expressions: who was on air when, inside the range, cut where a host's kind changed.
-- Columns of on_air: session_id, host_id, kind (human, digital, unknown), start_ms, end_ms, until_ms (as of turns).
{{turns}},
kinds AS (
    SELECT host_id, kind, toUnixTimestamp64Milli(from_at) AS kind_from_ms,
        leadInFrame(toUnixTimestamp64Milli(from_at), 1, toInt64(9999999999999)) OVER (
            PARTITION BY host_id ORDER BY from_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS kind_until_ms
    FROM roster_kinds FINAL
),
on_air AS (
    SELECT turns.session_id AS session_id, turns.host_id AS host_id,
        if(kinds.kind = '', 'unknown', toString(kinds.kind)) AS kind,
        if(kinds.kind = '', toInt64(9999999999999), kinds.kind_until_ms) AS other_ms,
        greatest(turns.start_ms, kinds.kind_from_ms) AS start_ms,
        least(turns.until_ms, other_ms) AS until_ms,
        least(turns.end_ms, other_ms) AS end_ms
    FROM turns
    LEFT JOIN kinds ON turns.host_id = kinds.host_id
    WHERE start_ms < until_ms
)
