-- Fragment, behind hosts_air: the table pieces: time on air cut at quarters of an hour, on which the hours and days of every
-- time zone of today begin (host_id, kind, at: begin of the quarter, live_ms).
pieces AS (
    SELECT host_id, kind, toDateTime(quarter * 900, 'UTC') AS at,
        least(end_ms, toInt64(quarter + 1) * 900000) - greatest(start_ms, toInt64(quarter) * 900000) AS live_ms
    FROM air
    ARRAY JOIN range(toUInt64(intDiv(start_ms, 900000)), toUInt64(intDiv(end_ms - 1, 900000) + 1)) AS quarter
)
