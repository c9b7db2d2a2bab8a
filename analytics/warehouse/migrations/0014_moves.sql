-- What a shift adds up lies apart from the moves within each minute: sums of many minutes are read in long runs, moves of a few
-- minutes in short ones, and one table can be cut for one of them only. So room entries join the sums of presence_minute, and
-- rooms_minute keeps the moves. Workers stand still meanwhile. A repeat after a crash begins with a column without entries again.
-- Entries of a batch that was half written before are left out of what is filled: its repeat brings all of them to this table,
-- which has not seen their token; minutes of such a batch are counted from the facts, for rollups do not know their batches. The
-- view of the moves is made anew under its name, for one whose query is modified forgets its tokens.

DROP TABLE IF EXISTS rooms_minute_views_view${ON_CLUSTER};

DROP TABLE IF EXISTS presence_minute_views_view${ON_CLUSTER};

ALTER TABLE presence_minute${LOCAL}${ON_CLUSTER}
    DROP COLUMN IF EXISTS views;

ALTER TABLE presence_minute${LOCAL}${ON_CLUSTER}
    ADD COLUMN views Int64 COMMENT 'room entries';

ALTER TABLE presence_minute${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS views Int64 COMMENT 'room entries';

INSERT INTO presence_minute${LOCAL} (session_id, minute, views)
SELECT session_id, minute, toInt64(activity_minute.views) AS views
FROM activity_minute
WHERE (session_id, minute) GLOBAL NOT IN (
    SELECT session_id, toStartOfMinute(occurred_at) FROM viewer_events WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
UNION ALL
SELECT session_id, toStartOfMinute(occurred_at) AS minute, toInt64(count())
FROM viewer_events
WHERE type = 'viewer_joined' AND batch GLOBAL IN (SELECT batch FROM batches) AND (session_id, minute) GLOBAL IN (
    SELECT session_id, toStartOfMinute(occurred_at) FROM viewer_events WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
GROUP BY session_id, minute
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW presence_minute_views_view${ON_CLUSTER} TO presence_minute${LOCAL} AS
SELECT session_id, toStartOfMinute(occurred_at) AS minute, toInt64(count()) AS views
FROM viewer_events${LOCAL} AS viewer_events WHERE type = 'viewer_joined' GROUP BY session_id, minute;

DROP TABLE IF EXISTS rooms_minute_view${ON_CLUSTER};

ALTER TABLE rooms_minute${LOCAL}${ON_CLUSTER}
    DROP COLUMN IF EXISTS change,
    DROP COLUMN IF EXISTS change_ms,
    DROP COLUMN IF EXISTS views,
    COMMENT COLUMN minute 'minute of the changes',
    MODIFY COMMENT 'Who came and went within each minute of a session';

ALTER TABLE rooms_minute${ON_CLUSTER}
    DROP COLUMN IF EXISTS change,
    DROP COLUMN IF EXISTS change_ms,
    DROP COLUMN IF EXISTS views,
    COMMENT COLUMN minute 'minute of the changes',
    MODIFY COMMENT 'Who came and went within each minute of a session';

CREATE MATERIALIZED VIEW rooms_minute_view${ON_CLUSTER} TO rooms_minute${LOCAL} AS
SELECT session_id, toStartOfMinute(at) AS minute,
    groupArray(toUInt32(toUnixTimestamp64Milli(at) % 60000 * 256 + reinterpretAsUInt8(presence.change))) AS moves
FROM presence${LOCAL} AS presence GROUP BY session_id, minute;
