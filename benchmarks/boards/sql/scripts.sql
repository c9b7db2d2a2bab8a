-- A script in two variants, one room for one day, a week before the last: both run whenever a host is on air.
INSERT INTO roster_events (event_id, type, occurred_at, session_id, host_id, script_id, variant, batch)
SELECT concat('v', variant, toString(started_at)), 'script_started', started_at, session_id, host_id, 'script-1', variant, 1
FROM shifts
ARRAY JOIN ['A', 'B'] AS variant
WHERE session_id = concat('session-', toString(6 * (89 - 7)))
