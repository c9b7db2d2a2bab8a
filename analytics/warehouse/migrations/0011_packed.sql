-- Parts below 10 MB are one file (data.packed) instead of fourteen: much of what a small insert costs is making files. A server
-- that writes no such parts takes the setting and goes on as before; it cannot read those that another one wrote.

ALTER TABLE batches${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE viewer_events${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE orders${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE order_lines${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE refunds${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE roster_events${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE rejects${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE shifts${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE presence${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE order_paths${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE ledger${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE intents${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE activity_minute${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE presence_minute${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE revenue_minute${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE orders_minute${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE products_minute${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE returns_minute${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE entries_quarter${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE roster_hosts${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE roster_kinds${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE roster_sessions${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE transitions_quarter${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE lost_transitions${LOCAL}${ON_CLUSTER}
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;
