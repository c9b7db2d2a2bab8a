-- Fragment, common table expressions behind on_air and labels: digital hosts on air, and their label.
-- Columns of labelled: session_id, host_id, start_ms, end_ms (on air, ms UTC, half-open), shown (stretches with the label,
-- as pairs), gaps (stretches without).
labelled AS (
    SELECT on_air.session_id AS session_id, on_air.host_id AS host_id, on_air.start_ms AS start_ms,
        on_air.end_ms AS end_ms,
        arraySort(arrayFilter(
            stretch -> stretch.1 < stretch.2,
            groupArray((greatest(on_air.start_ms, labels.shown_ms), least(on_air.end_ms, labels.hidden_ms)))
        )) AS shown,
        arrayFilter(
            stretch -> stretch.1 < stretch.2,
            arrayZip(arrayConcat([start_ms], shown.2), arrayConcat(shown.1, [end_ms]))
        ) AS gaps
    FROM on_air
    LEFT JOIN labels ON on_air.session_id = labels.session_id AND on_air.host_id = labels.host_id
    WHERE on_air.kind = 'digital' AND on_air.start_ms < on_air.end_ms
    GROUP BY session_id, host_id, start_ms, end_ms
)
