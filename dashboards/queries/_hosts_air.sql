-- Fragment: half_even, clipped, and the table air: clipped with the kind the host had when the shift began.
{{hosts_clipped}},
air AS (
    SELECT clipped.session_id AS session_id, clipped.host_id AS host_id,
        if(host_kinds.kind = '', 'unknown', toString(host_kinds.kind)) AS kind,
        clipped.start_ms AS start_ms, clipped.end_ms AS end_ms
    FROM clipped
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON clipped.host_id = host_kinds.host_id AND clipped.started_at >= host_kinds.from_at
)
