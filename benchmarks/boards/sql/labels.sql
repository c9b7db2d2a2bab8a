-- Digital hosts show their label from the first second on.
INSERT INTO roster_events (event_id, type, occurred_at, session_id, host_id)
SELECT concat('l', session_id, host_id, toString(started_at)), 'label_shown', started_at, session_id, host_id
FROM shifts
WHERE toUInt32(substring(host_id, 6)) % 2 = 1
