-- Who was in the rooms, apart from what they did there, and in order of time: a range reads its own minutes and no others, and
-- keys that lie there as they are count in half the time of states that have to be built first. A key is what uniqExact made of
-- a viewer all along, so the states of before become keys, also of people whose events are long gone. A key comes into a minute
-- once, however often it is brought: a repeat of the file changes nothing. Workers stand still meanwhile. The view of what was
-- done is made anew under its name: one whose query is modified forgets its tokens (tried), and a repeated batch would count twice.

ALTER TABLE activity_minute${LOCAL}${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS viewers AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS clickers AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS carters AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS interactors AggregateFunction(uniqExact, String);

ALTER TABLE activity_minute${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS viewers AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS clickers AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS carters AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS interactors AggregateFunction(uniqExact, String);

CREATE TABLE people_minute${LOCAL}${ON_CLUSTER} (
    minute DateTime('UTC') COMMENT 'minute of occurred_at',
    session_id LowCardinality(String) COMMENT 'session',
    viewers SimpleAggregateFunction(groupUniqArrayArray, Array(UInt128)) COMMENT 'keys of those who joined' CODEC(NONE),
    clickers SimpleAggregateFunction(groupUniqArrayArray, Array(UInt128)) COMMENT 'keys of those who clicked a product' CODEC(NONE),
    carters SimpleAggregateFunction(groupUniqArrayArray, Array(UInt128)) COMMENT 'keys of those who put a product in the cart' CODEC(NONE),
    interactors SimpleAggregateFunction(groupUniqArrayArray, Array(UInt128))
        COMMENT 'keys of those who commented, liked, shared or followed' CODEC(NONE)
) ENGINE = ${REPLICATED}AggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (minute, session_id)
SETTINGS index_granularity = 256, min_bytes_for_full_part_storage = 10485760, ${DEDUPLICATION}
COMMENT 'Who was in the rooms, per minute and session; a key is the 128-bit SipHash of a viewer_id';

INSERT INTO people_minute${LOCAL}
SELECT minute, session_id,
    arrayMap(key -> reinterpretAsUInt128(unhex(key)), extractAll(substring(viewers_, 1 + length(viewers_) % 32), '.{32}')) AS viewers,
    arrayMap(key -> reinterpretAsUInt128(unhex(key)), extractAll(substring(clickers_, 1 + length(clickers_) % 32), '.{32}')) AS clickers,
    arrayMap(key -> reinterpretAsUInt128(unhex(key)), extractAll(substring(carters_, 1 + length(carters_) % 32), '.{32}')) AS carters,
    arrayMap(key -> reinterpretAsUInt128(unhex(key)), extractAll(substring(interactors_, 1 + length(interactors_) % 32), '.{32}'))
        AS interactors
FROM (
    SELECT minute, session_id, hex(viewers) AS viewers_, hex(clickers) AS clickers_, hex(carters) AS carters_,
        hex(interactors) AS interactors_
    FROM activity_minute
)
SETTINGS max_block_size = 1024, insert_deduplicate = 0;

CREATE MATERIALIZED VIEW people_minute_view${ON_CLUSTER} TO people_minute${LOCAL} AS
WITH reinterpretAsUInt128(sipHash128(viewer_id)) AS key
SELECT toStartOfMinute(occurred_at) AS minute, session_id,
    groupUniqArrayIf(key, type = 'viewer_joined') AS viewers,
    groupUniqArrayIf(key, type = 'product_clicked') AS clickers,
    groupUniqArrayIf(key, type = 'cart_added') AS carters,
    groupUniqArrayIf(key, type IN ('commented', 'liked', 'shared', 'followed')) AS interactors
FROM viewer_events${LOCAL} AS viewer_events GROUP BY minute, session_id;

DROP TABLE IF EXISTS activity_minute_view${ON_CLUSTER};

CREATE MATERIALIZED VIEW activity_minute_view${ON_CLUSTER} TO activity_minute${LOCAL} AS
SELECT session_id, toStartOfMinute(occurred_at) AS minute,
    countIf(type = 'viewer_joined') AS views,
    countIf(type = 'product_clicked') AS clicks,
    countIf(type = 'cart_added') AS carts,
    sumIf(count, type = 'commented') AS comments,
    sumIf(count, type = 'liked') AS likes,
    sumIf(count, type = 'shared') AS shares,
    sumIf(count, type = 'followed') AS follows
FROM viewer_events${LOCAL} AS viewer_events GROUP BY session_id, minute;

ALTER TABLE activity_minute${LOCAL}${ON_CLUSTER}
    DROP COLUMN IF EXISTS viewers,
    DROP COLUMN IF EXISTS clickers,
    DROP COLUMN IF EXISTS carters,
    DROP COLUMN IF EXISTS interactors;

ALTER TABLE activity_minute${ON_CLUSTER}
    DROP COLUMN IF EXISTS viewers,
    DROP COLUMN IF EXISTS clickers,
    DROP COLUMN IF EXISTS carters,
    DROP COLUMN IF EXISTS interactors;
