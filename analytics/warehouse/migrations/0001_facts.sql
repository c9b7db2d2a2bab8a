-- Facts: what arrived, raw and immutable. Each row carries the number of the batch that brought it.
-- Absent text in a sorting key is '' (said in the column's comment); everywhere else absence is NULL.

CREATE TABLE batches${LOCAL}${ON_CLUSTER} (
    batch UInt64 COMMENT 'number of the batch, ascending in its lane',
    source String COMMENT 'where its bytes came from',
    token String COMMENT 'insert_deduplication_token of all its inserts',
    first_position UInt64 COMMENT 'first line of the source in it, from 1; behind Kafka the first offset',
    last_position UInt64 COMMENT 'last line of the source in it, first - 1 for none; behind Kafka the offset behind it',
    last_offset UInt64 COMMENT 'uncompressed bytes of the source read after it; behind Kafka the next offset',
    events UInt64 COMMENT 'events stored by it',
    repeats UInt64 COMMENT 'events known already and dropped',
    rejects UInt64 COMMENT 'lines parked in rejects',
    unknown_fields UInt64 COMMENT 'fields that the contract does not know, left out',
    restatements UInt64 COMMENT 'ledger lines of kind restatement',
    frozen UInt64 COMMENT 'orders that late facts would have changed, but they are older than the correction window',
    newest_at DateTime64(3, 'UTC') COMMENT 'latest occurred_at of any event up to and with this batch',
    recorded_at DateTime64(3, 'UTC') COMMENT 'when it was taken on'
) ENGINE = ${REPLICATED}MergeTree ORDER BY batch
SETTINGS ${DEDUPLICATION}
COMMENT 'What was stored: one row per batch, written when everything else of it is';

CREATE TABLE viewer_events${LOCAL}${ON_CLUSTER} (
    event_id String COMMENT 'unique id given by the producer' CODEC(ZSTD(1)),
    type LowCardinality(String) COMMENT 'event type of the contract',
    occurred_at DateTime64(3, 'UTC') COMMENT 'event time' CODEC(Delta(8), ZSTD(1)),
    session_id LowCardinality(String) COMMENT 'session watched',
    viewer_id String COMMENT 'who' CODEC(ZSTD(1)),
    product_id LowCardinality(Nullable(String)) COMMENT 'product clicked or put in the cart',
    count UInt32 COMMENT 'how many at once (likes)',
    amount_minor Nullable(Int64) COMMENT 'gift value, minor units',
    currency LowCardinality(Nullable(String)) COMMENT 'ISO 4217 code of the gift',
    source LowCardinality(Nullable(String)) COMMENT 'traffic source of a join',
    recorded_at DateTime('UTC') COMMENT 'when its batch was taken on' CODEC(Delta(4), ZSTD(1)),
    batch UInt64 COMMENT 'batch that brought it' CODEC(Delta(8), ZSTD(1))
) ENGINE = ${REPLICATED}MergeTree PARTITION BY toYYYYMM(occurred_at) ORDER BY (viewer_id, occurred_at)
TTL recorded_at + INTERVAL 180 DAY
SETTINGS index_granularity = 1024, ${DEDUPLICATION}
COMMENT 'Joins, leaves, clicks, carts, comments, likes, shares, follows, gifts; kept 180 days';

CREATE TABLE orders${LOCAL}${ON_CLUSTER} (
    order_id String COMMENT 'id given by the platform',
    event_id String COMMENT 'event that brought it',
    viewer_id String COMMENT 'who bought',
    ordered_at DateTime64(3, 'UTC') COMMENT 'when it was paid',
    session_id LowCardinality(Nullable(String)) COMMENT 'session it was paid in; NULL outside',
    declared_host_id LowCardinality(Nullable(String)) COMMENT 'host named by the platform',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    amount_minor Int64 COMMENT 'sum of its lines, minor units',
    items Int64 COMMENT 'sum of the quantities of its lines',
    batch UInt64 COMMENT 'batch that brought it'
) ENGINE = ${REPLICATED}MergeTree ORDER BY order_id
SETTINGS index_granularity = 1024, ${DEDUPLICATION}
COMMENT 'Paid orders, one row each';

CREATE TABLE order_lines${LOCAL}${ON_CLUSTER} (
    order_id String COMMENT 'order it belongs to',
    line_id String COMMENT 'id within the order',
    product_id LowCardinality(String) COMMENT 'what was bought',
    quantity Int64 COMMENT 'pieces',
    amount_minor Int64 COMMENT 'line total, minor units; negative for a discount line',
    category LowCardinality(Nullable(String)) COMMENT 'product category',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(Nullable(String)) COMMENT 'session of the order',
    ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid',
    batch UInt64 COMMENT 'batch that brought it'
) ENGINE = ${REPLICATED}MergeTree ORDER BY (order_id, line_id)
SETTINGS ${DEDUPLICATION}
COMMENT 'Lines of paid orders';

CREATE TABLE refunds${LOCAL}${ON_CLUSTER} (
    refund_id String COMMENT 'id given by the platform',
    event_id String COMMENT 'event that brought it',
    order_id String COMMENT 'order it returns money of; may be unknown yet',
    refunded_at DateTime64(3, 'UTC') COMMENT 'when it was refunded',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    amount_minor Int64 COMMENT 'money returned, minor units, not negative',
    reason Nullable(String) COMMENT 'in the words of the platform',
    batch UInt64 COMMENT 'batch that brought it'
) ENGINE = ${REPLICATED}MergeTree ORDER BY (order_id, refund_id)
SETTINGS index_granularity = 1024, ${DEDUPLICATION}
COMMENT 'Refunds, one row each; those whose order is unknown wait here';

CREATE TABLE roster_events${LOCAL}${ON_CLUSTER} (
    event_id String COMMENT 'unique id given by the producer',
    type LowCardinality(String) COMMENT 'event type of the contract',
    occurred_at DateTime64(3, 'UTC') COMMENT 'event time',
    session_id Nullable(String) COMMENT 'session concerned',
    host_id Nullable(String) COMMENT 'host concerned',
    name Nullable(String) COMMENT 'host name',
    kind LowCardinality(Nullable(String)) COMMENT 'human or digital',
    likeness_of Nullable(String) COMMENT 'human host whose likeness a digital host is',
    vendor Nullable(String) COMMENT 'who runs the avatar',
    avatar_version Nullable(String) COMMENT 'version of the avatar',
    platform LowCardinality(Nullable(String)) COMMENT 'platform of the session',
    seller_id Nullable(String) COMMENT 'seller of the session',
    title Nullable(String) COMMENT 'title of the session',
    category Nullable(String) COMMENT 'category of the session',
    script_id Nullable(String) COMMENT 'script started',
    variant Nullable(String) COMMENT 'variant of the script',
    product_id Nullable(String) COMMENT 'product featured',
    contract_id Nullable(String) COMMENT 'likeness contract',
    owner Nullable(String) COMMENT 'person whose likeness is licensed',
    valid_from Nullable(DateTime64(3, 'UTC')) COMMENT 'contract begins',
    valid_to Nullable(DateTime64(3, 'UTC')) COMMENT 'contract ends',
    fee_minor Nullable(Int64) COMMENT 'flat fee, minor units',
    currency LowCardinality(Nullable(String)) COMMENT 'ISO 4217 code of the fee',
    royalty_bps Nullable(Int64) COMMENT 'royalty on net revenue, basis points',
    platforms Array(String) COMMENT 'platforms the contract allows; empty for all',
    categories Array(String) COMMENT 'categories the contract allows; empty for all',
    label_required Nullable(Bool) COMMENT 'the AI label must be shown',
    batch UInt64 COMMENT 'batch that brought it'
) ENGINE = ${REPLICATED}MergeTree ORDER BY (occurred_at, event_id)
SETTINGS ${DEDUPLICATION}
COMMENT 'Hosts, sessions, shifts, labels, scripts, featured products, likeness contracts, as they arrived';

CREATE TABLE rejects${LOCAL}${ON_CLUSTER} (
    source String COMMENT 'where the line came from',
    position UInt64 COMMENT 'line of the source, from 1; behind Kafka line of the record',
    record_offset Nullable(UInt64) COMMENT 'Kafka offset of the record; NULL where the source is no topic',
    reason LowCardinality(String) COMMENT 'reason code',
    field Nullable(String) COMMENT 'field at fault',
    value Nullable(String) COMMENT 'its value, cut to 200 characters',
    remedy String COMMENT 'what the producer should do',
    line String COMMENT 'the original bytes',
    recorded_at DateTime64(3, 'UTC') COMMENT 'when it was parked',
    batch UInt64 COMMENT 'batch that brought it'
) ENGINE = ${REPLICATED}MergeTree ORDER BY (batch, position)
SETTINGS ${DEDUPLICATION}
COMMENT 'Lines that can never become an event, with their reason and their bytes';

CREATE VIEW hosts${ON_CLUSTER} AS
SELECT host_id, last.1 AS name, last.2 AS kind, last.3 AS likeness_of, last.4 AS vendor, last.5 AS avatar_version
FROM (
    SELECT host_id,
        argMax(tuple(name, kind, likeness_of, vendor, avatar_version), (occurred_at, event_id)) AS last
    FROM roster_events WHERE type = 'host_registered' GROUP BY host_id
);

CREATE VIEW host_kinds${ON_CLUSTER} AS
SELECT assumeNotNull(host_id) AS host_id, assumeNotNull(kind) AS kind,
    if(row_number() OVER w = 1, toDateTime64(0, 3, 'UTC'), occurred_at) AS from_at
FROM roster_events WHERE type = 'host_registered'
WINDOW w AS (PARTITION BY host_id ORDER BY occurred_at, event_id);

CREATE VIEW sessions${ON_CLUSTER} AS
SELECT session_id, last.1 AS platform, last.2 AS seller_id, last.3 AS title, last.4 AS category, started_at, ended_at
FROM (
    SELECT session_id,
        argMaxIf(tuple(platform, seller_id, title, category), (occurred_at, event_id), type = 'session_started') AS last,
        minIfOrNull(occurred_at, type = 'session_started') AS started_at,
        maxIfOrNull(occurred_at, type = 'session_ended') AS ended_at
    FROM roster_events WHERE type IN ('session_started', 'session_ended') GROUP BY session_id
);
