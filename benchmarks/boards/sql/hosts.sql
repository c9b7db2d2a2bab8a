-- Two hosts per room: a human and the digital twin.
INSERT INTO roster_events (event_id, type, occurred_at, host_id, name, kind, likeness_of, vendor, avatar_version, batch)
SELECT concat('h', toString(number)), 'host_registered', toDateTime64({now_s:Int64} - 91 * 86400, 3, 'UTC'),
    concat('host-', toString(number)), concat('Host ', toString(number)), if(number % 2 = 0, 'human', 'digital'),
    if(number % 2 = 0, NULL, concat('host-', toString(number - 1))), if(number % 2 = 0, NULL, 'vendor'),
    if(number % 2 = 0, NULL, '1.0'), 1
FROM numbers(12)
