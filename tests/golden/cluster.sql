CREATE TABLE batches_local ON CLUSTER 'live' (
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
) ENGINE = ReplicatedMergeTree ORDER BY batch
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'What was stored: one row per batch, written when everything else of it is';

CREATE TABLE batches ON CLUSTER 'live' AS batches_local
ENGINE = Distributed('live', currentDatabase(), batches_local, bitShiftRight(batch, 40))
COMMENT 'What was stored: one row per batch, written when everything else of it is';

CREATE TABLE viewer_events_local ON CLUSTER 'live' (
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
) ENGINE = ReplicatedMergeTree PARTITION BY toYYYYMM(occurred_at) ORDER BY (viewer_id, occurred_at)
TTL recorded_at + INTERVAL 180 DAY
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Joins, leaves, clicks, carts, comments, likes, shares, follows, gifts; kept 180 days';

CREATE TABLE viewer_events ON CLUSTER 'live' AS viewer_events_local
ENGINE = Distributed('live', currentDatabase(), viewer_events_local, bitShiftRight(batch, 40))
COMMENT 'Joins, leaves, clicks, carts, comments, likes, shares, follows, gifts; kept 180 days';

CREATE TABLE orders_local ON CLUSTER 'live' (
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
) ENGINE = ReplicatedMergeTree ORDER BY order_id
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Paid orders, one row each';

CREATE TABLE orders ON CLUSTER 'live' AS orders_local
ENGINE = Distributed('live', currentDatabase(), orders_local, bitShiftRight(batch, 40))
COMMENT 'Paid orders, one row each';

CREATE TABLE order_lines_local ON CLUSTER 'live' (
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
) ENGINE = ReplicatedMergeTree ORDER BY (order_id, line_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Lines of paid orders';

CREATE TABLE order_lines ON CLUSTER 'live' AS order_lines_local
ENGINE = Distributed('live', currentDatabase(), order_lines_local, bitShiftRight(batch, 40))
COMMENT 'Lines of paid orders';

CREATE TABLE refunds_local ON CLUSTER 'live' (
    refund_id String COMMENT 'id given by the platform',
    event_id String COMMENT 'event that brought it',
    order_id String COMMENT 'order it returns money of; may be unknown yet',
    refunded_at DateTime64(3, 'UTC') COMMENT 'when it was refunded',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    amount_minor Int64 COMMENT 'money returned, minor units, not negative',
    reason Nullable(String) COMMENT 'in the words of the platform',
    batch UInt64 COMMENT 'batch that brought it'
) ENGINE = ReplicatedMergeTree ORDER BY (order_id, refund_id)
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Refunds, one row each; those whose order is unknown wait here';

CREATE TABLE refunds ON CLUSTER 'live' AS refunds_local
ENGINE = Distributed('live', currentDatabase(), refunds_local, bitShiftRight(batch, 40))
COMMENT 'Refunds, one row each; those whose order is unknown wait here';

CREATE TABLE roster_events_local ON CLUSTER 'live' (
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
) ENGINE = ReplicatedMergeTree ORDER BY (occurred_at, event_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Hosts, sessions, shifts, labels, scripts, featured products, likeness contracts, as they arrived';

CREATE TABLE roster_events ON CLUSTER 'live' AS roster_events_local
ENGINE = Distributed('live', currentDatabase(), roster_events_local, bitShiftRight(batch, 40))
COMMENT 'Hosts, sessions, shifts, labels, scripts, featured products, likeness contracts, as they arrived';

CREATE TABLE rejects_local ON CLUSTER 'live' (
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
) ENGINE = ReplicatedMergeTree ORDER BY (batch, position)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Lines that can never become an event, with their reason and their bytes';

CREATE TABLE rejects ON CLUSTER 'live' AS rejects_local
ENGINE = Distributed('live', currentDatabase(), rejects_local, bitShiftRight(batch, 40))
COMMENT 'Lines that can never become an event, with their reason and their bytes';

CREATE VIEW hosts ON CLUSTER 'live' AS
SELECT host_id, last.1 AS name, last.2 AS kind, last.3 AS likeness_of, last.4 AS vendor, last.5 AS avatar_version
FROM (
    SELECT host_id,
        argMax(tuple(name, kind, likeness_of, vendor, avatar_version), (occurred_at, event_id)) AS last
    FROM roster_events WHERE type = 'host_registered' GROUP BY host_id
);

CREATE VIEW host_kinds ON CLUSTER 'live' AS
SELECT assumeNotNull(host_id) AS host_id, assumeNotNull(kind) AS kind,
    if(row_number() OVER w = 1, toDateTime64(0, 3, 'UTC'), occurred_at) AS from_at
FROM roster_events WHERE type = 'host_registered'
WINDOW w AS (PARTITION BY host_id ORDER BY occurred_at, event_id);

CREATE VIEW sessions ON CLUSTER 'live' AS
SELECT session_id, last.1 AS platform, last.2 AS seller_id, last.3 AS title, last.4 AS category, started_at, ended_at
FROM (
    SELECT session_id,
        argMaxIf(tuple(platform, seller_id, title, category), (occurred_at, event_id), type = 'session_started') AS last,
        minIfOrNull(occurred_at, type = 'session_started') AS started_at,
        maxIfOrNull(occurred_at, type = 'session_ended') AS ended_at
    FROM roster_events WHERE type IN ('session_started', 'session_ended') GROUP BY session_id
);

CREATE TABLE shifts_local ON CLUSTER 'live' (
    session_id String COMMENT 'session',
    host_id String COMMENT 'host on air',
    started_at DateTime64(3, 'UTC') COMMENT 'on air from',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'on air until, exclusive; NULL while on air',
    deleted UInt8 COMMENT '1: late facts showed that this shift was none',
    batch UInt64 COMMENT 'batch that last changed it'
) ENGINE = ReplicatedReplacingMergeTree(batch, deleted) ORDER BY (session_id, host_id, started_at)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Shifts: disjoint per session and host. Read with FINAL';

CREATE TABLE shifts ON CLUSTER 'live' AS shifts_local
ENGINE = Distributed('live', currentDatabase(), shifts_local, bitShiftRight(batch, 40))
COMMENT 'Shifts: disjoint per session and host. Read with FINAL';

CREATE TABLE presence_local ON CLUSTER 'live' (
    session_id LowCardinality(String) COMMENT 'session',
    viewer_id String COMMENT 'who' CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') COMMENT 'when' CODEC(Delta(8), ZSTD(1)),
    change Int8 COMMENT '+1 begins to watch, -1 stops; the opposite sign takes a line back',
    recorded_at DateTime('UTC') COMMENT 'when its batch was taken on' CODEC(Delta(4), ZSTD(1)),
    batch UInt64 COMMENT 'batch that brought it' CODEC(Delta(8), ZSTD(1))
) ENGINE = ReplicatedMergeTree PARTITION BY toYYYYMM(at) ORDER BY (session_id, at)
TTL recorded_at + INTERVAL 180 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Who watches: signed changes. The sum up to a time is the number of people online';

CREATE TABLE presence ON CLUSTER 'live' AS presence_local
ENGINE = Distributed('live', currentDatabase(), presence_local, bitShiftRight(batch, 40))
COMMENT 'Who watches: signed changes. The sum up to a time is the number of people online';

CREATE TABLE order_paths_local ON CLUSTER 'live' (
    order_id String COMMENT 'order',
    session_ids Array(String) COMMENT 'session of each step',
    started_at Array(DateTime64(3, 'UTC')) COMMENT 'start of each step',
    ended_at Array(DateTime64(3, 'UTC')) COMMENT 'end of each step, exclusive',
    watched_ms Array(Int64) COMMENT 'milliseconds watched in each step',
    host_ids Array(Array(String)) COMMENT 'line-up of each step',
    batch UInt64 COMMENT 'batch that credited the order; the latest is valid'
) ENGINE = ReplicatedMergeTree ORDER BY (order_id, batch)
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'The evidence of each credit: the steps before the order';

CREATE TABLE order_paths ON CLUSTER 'live' AS order_paths_local
ENGINE = Distributed('live', currentDatabase(), order_paths_local, bitShiftRight(batch, 40))
COMMENT 'The evidence of each credit: the steps before the order';

CREATE TABLE ledger_local ON CLUSTER 'live' (
    order_id String COMMENT 'order credited',
    model LowCardinality(String) COMMENT 'attribution model',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    kind Enum8('sale' = 1, 'refund' = 2, 'restatement' = 3) COMMENT 'restatement: a reversal or a new entry after a late fact',
    refund_id Nullable(String) COMMENT 'refund that this line books; NULL: the sale',
    amount_minor Int64 COMMENT 'minor units; refunds are negative, excess_refund is positive',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid (cohort view)' CODEC(Delta(8), ZSTD(1)),
    booked_at DateTime64(3, 'UTC') COMMENT 'when it counts: order time of a sale, refund time of a refund' CODEC(Delta(8), ZSTD(1)),
    recorded_at DateTime64(3, 'UTC') COMMENT 'when the line was written' CODEC(Delta(8), ZSTD(1)),
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    weight Decimal(38, 0) COMMENT 'weight of the host in this order; only ratios matter',
    basis LowCardinality(String) COMMENT 'why the host has it, in words',
    sign Int8 COMMENT '1: an entry; -1: takes an earlier entry back, with its amount negated',
    fit UInt32 COMMENT 'version of the Markov fit; 0: none used',
    reason LowCardinality(String) COMMENT 'why it was restated; empty for sale and refund',
    batch UInt64 COMMENT 'batch that wrote it' CODEC(Delta(8), ZSTD(1))
) ENGINE = ReplicatedMergeTree PARTITION BY toYYYYMM(booked_at) ORDER BY (order_id, model, host_id)
SETTINGS index_granularity = 1024, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'The append-only ledger: gross, refunds and net are three sums of the same lines';

CREATE TABLE ledger ON CLUSTER 'live' AS ledger_local
ENGINE = Distributed('live', currentDatabase(), ledger_local, bitShiftRight(batch, 40))
COMMENT 'The append-only ledger: gross, refunds and net are three sums of the same lines';

CREATE TABLE markov_fits_local ON CLUSTER 'live' (
    fit UInt32 COMMENT 'version, from 1',
    journeys UInt64 COMMENT 'journeys counted',
    conversions UInt64 COMMENT 'journeys that ended in an order',
    base Float64 COMMENT 'P(conversion)',
    exact Bool COMMENT 'weights are exact ratios, not rounded to 12 decimals',
    host_ids Array(String) COMMENT 'hosts of the fit',
    removal Array(Float64) COMMENT 'removal effect of each host',
    weights Array(Decimal(38, 0)) COMMENT 'integer weight of each host, the ratio of the removal effects',
    recorded_at DateTime64(3, 'UTC') COMMENT 'when it was fitted',
    batch UInt64 COMMENT 'batch that wrote it'
) ENGINE = ReplicatedMergeTree ORDER BY fit
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Versions of the Markov model';

CREATE TABLE markov_fits ON CLUSTER 'live' AS markov_fits_local
ENGINE = Distributed('live', currentDatabase(), markov_fits_local, bitShiftRight(batch, 40))
COMMENT 'Versions of the Markov model';

CREATE TABLE activity_minute_local ON CLUSTER 'live' (
    session_id LowCardinality(String) COMMENT 'session',
    minute DateTime('UTC') COMMENT 'minute of occurred_at',
    views SimpleAggregateFunction(sum, UInt64) COMMENT 'room entries',
    clicks SimpleAggregateFunction(sum, UInt64) COMMENT 'product clicks',
    carts SimpleAggregateFunction(sum, UInt64) COMMENT 'products put in carts',
    comments SimpleAggregateFunction(sum, UInt64) COMMENT 'comments',
    likes SimpleAggregateFunction(sum, UInt64) COMMENT 'likes, counts summed',
    shares SimpleAggregateFunction(sum, UInt64) COMMENT 'shares',
    follows SimpleAggregateFunction(sum, UInt64) COMMENT 'follows',
    viewers AggregateFunction(uniqExact, String) COMMENT 'distinct viewers who joined',
    clickers AggregateFunction(uniqExact, String) COMMENT 'distinct viewers who clicked a product',
    carters AggregateFunction(uniqExact, String) COMMENT 'distinct viewers who put a product in the cart',
    interactors AggregateFunction(uniqExact, String) COMMENT 'distinct viewers who commented, liked, shared or followed'
) ENGINE = ReplicatedAggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (session_id, minute)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'What viewers did, per session and minute';

CREATE TABLE activity_minute ON CLUSTER 'live' AS activity_minute_local
ENGINE = Distributed('live', currentDatabase(), activity_minute_local)
COMMENT 'What viewers did, per session and minute';

CREATE MATERIALIZED VIEW activity_minute_view ON CLUSTER 'live' TO activity_minute_local AS
SELECT session_id, toStartOfMinute(occurred_at) AS minute,
    countIf(type = 'viewer_joined') AS views,
    countIf(type = 'product_clicked') AS clicks,
    countIf(type = 'cart_added') AS carts,
    sumIf(count, type = 'commented') AS comments,
    sumIf(count, type = 'liked') AS likes,
    sumIf(count, type = 'shared') AS shares,
    sumIf(count, type = 'followed') AS follows,
    uniqExactIfState(viewer_id, type = 'viewer_joined') AS viewers,
    uniqExactIfState(viewer_id, type = 'product_clicked') AS clickers,
    uniqExactIfState(viewer_id, type = 'cart_added') AS carters,
    uniqExactIfState(viewer_id, type IN ('commented', 'liked', 'shared', 'followed')) AS interactors
FROM viewer_events_local AS viewer_events GROUP BY session_id, minute;

CREATE TABLE presence_minute_local ON CLUSTER 'live' (
    session_id LowCardinality(String) COMMENT 'session',
    minute DateTime('UTC') COMMENT 'minute of the change',
    change Int64 COMMENT 'people online after the minute minus before it',
    change_ms Int64 COMMENT 'sum of change x milliseconds since the minute began: exact watch time from sums'
) ENGINE = ReplicatedSummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (session_id, minute)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'People online: the running sum of change per session';

CREATE TABLE presence_minute ON CLUSTER 'live' AS presence_minute_local
ENGINE = Distributed('live', currentDatabase(), presence_minute_local)
COMMENT 'People online: the running sum of change per session';

CREATE MATERIALIZED VIEW presence_minute_view ON CLUSTER 'live' TO presence_minute_local AS
SELECT session_id, toStartOfMinute(at) AS minute, sum(toInt64(presence.change)) AS change,
    sum(toInt64(presence.change) * (toUnixTimestamp64Milli(at) % 60000)) AS change_ms
FROM presence_local AS presence GROUP BY session_id, minute;

CREATE TABLE revenue_minute_local ON CLUSTER 'live' (
    model LowCardinality(String) COMMENT 'attribution model',
    minute DateTime('UTC') COMMENT 'minute of booked_at',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    gross Int128 COMMENT 'credited sales, minor units',
    refunds Int128 COMMENT 'credited refunds, minor units, positive',
    orders Int64 COMMENT 'orders that list the host'
) ENGINE = ReplicatedSummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (model, minute, currency, session_id, host_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Credited money per model, minute, session and host, in minor units per currency';

CREATE TABLE revenue_minute ON CLUSTER 'live' AS revenue_minute_local
ENGINE = Distributed('live', currentDatabase(), revenue_minute_local)
COMMENT 'Credited money per model, minute, session and host, in minor units per currency';

CREATE MATERIALIZED VIEW revenue_minute_view ON CLUSTER 'live' TO revenue_minute_local AS
SELECT model, toStartOfMinute(booked_at) AS minute, currency, session_id, host_id,
    sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
    -sumIf(toInt128(amount_minor), isNotNull(refund_id)) AS refunds,
    sumIf(toInt64(sign), isNull(refund_id)) AS orders
FROM ledger_local AS ledger GROUP BY model, minute, currency, session_id, host_id;

CREATE TABLE orders_minute_local ON CLUSTER 'live' (
    minute DateTime('UTC') COMMENT 'minute of ordered_at',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    orders SimpleAggregateFunction(sum, UInt64) COMMENT 'paid orders',
    items SimpleAggregateFunction(sum, Int64) COMMENT 'pieces sold',
    gmv SimpleAggregateFunction(sum, Int128) COMMENT 'paid order amounts, minor units',
    buyers AggregateFunction(uniqExact, String) COMMENT 'distinct viewers with an order'
) ENGINE = ReplicatedAggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (minute, currency, session_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Paid orders per minute, independent of any attribution';

CREATE TABLE orders_minute ON CLUSTER 'live' AS orders_minute_local
ENGINE = Distributed('live', currentDatabase(), orders_minute_local)
COMMENT 'Paid orders per minute, independent of any attribution';

CREATE MATERIALIZED VIEW orders_minute_view ON CLUSTER 'live' TO orders_minute_local AS
SELECT toStartOfMinute(ordered_at) AS minute, currency, ifNull(orders.session_id, '') AS session_id,
    count() AS orders, sum(orders.items) AS items, sum(toInt128(amount_minor)) AS gmv, uniqExactState(viewer_id) AS buyers
FROM orders_local AS orders GROUP BY minute, currency, session_id;

CREATE TABLE products_minute_local ON CLUSTER 'live' (
    minute DateTime('UTC') COMMENT 'minute of ordered_at',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    product_id LowCardinality(String) COMMENT 'what was bought',
    quantity SimpleAggregateFunction(sum, Int64) COMMENT 'pieces sold',
    gmv SimpleAggregateFunction(sum, Int128) COMMENT 'line totals, minor units'
) ENGINE = ReplicatedAggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (minute, currency, session_id, product_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Products sold per minute';

CREATE TABLE products_minute ON CLUSTER 'live' AS products_minute_local
ENGINE = Distributed('live', currentDatabase(), products_minute_local)
COMMENT 'Products sold per minute';

CREATE MATERIALIZED VIEW products_minute_view ON CLUSTER 'live' TO products_minute_local AS
SELECT toStartOfMinute(ordered_at) AS minute, currency, ifNull(order_lines.session_id, '') AS session_id, product_id,
    sum(order_lines.quantity) AS quantity, sum(toInt128(amount_minor)) AS gmv
FROM order_lines_local AS order_lines GROUP BY minute, currency, session_id, product_id;

CREATE TABLE intents_local ON CLUSTER 'live' (
    batch UInt64 COMMENT 'batch to come; the first intent for a number stands',
    kind LowCardinality(String) COMMENT 'events: records of the source; fit: a new Markov fit; adopt: restate by the fit named',
    source String COMMENT 'topic and partition, as in hostledger.events-3',
    first_position UInt64 COMMENT 'first offset',
    last_offset UInt64 COMMENT 'offset behind the last one; first_position for none',
    roster_batch UInt64 COMMENT 'last batch of the roster that it stands on',
    fit UInt32 COMMENT 'version of the Markov fit that it stands on; 0: none',
    newest_ms Int64 COMMENT 'event time reached elsewhere, milliseconds UTC; 0: not asked, more records wait',
    recorded_at DateTime64(3, 'UTC') COMMENT 'when it was taken on'
) ENGINE = ReplicatedMergeTree ORDER BY batch
SETTINGS index_granularity = 256, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Intents of batches; one without a row in batches is unfinished';

CREATE TABLE intents ON CLUSTER 'live' AS intents_local
ENGINE = Distributed('live', currentDatabase(), intents_local, bitShiftRight(batch, 40))
COMMENT 'Intents of batches; one without a row in batches is unfinished';

ALTER TABLE batches_local ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS stored_at DateTime64(3, 'UTC') COMMENT 'when its row was written, and all of it could be queried';

ALTER TABLE batches_local ON CLUSTER 'live'
    UPDATE stored_at = recorded_at WHERE stored_at = toDateTime64(0, 3, 'UTC')
    SETTINGS mutations_sync = 2;

ALTER TABLE batches_local ON CLUSTER 'live'
    MODIFY COLUMN stored_at DEFAULT now64(3);

ALTER TABLE batches ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS stored_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when its row was written, and all of it could be queried';

CREATE TABLE closings ON CLUSTER 'live' (
    period LowCardinality(String) COMMENT 'month closed, as in 2026-10',
    period_start DateTime64(3, 'UTC') COMMENT 'first instant of the month in the zone',
    period_end DateTime64(3, 'UTC') COMMENT 'first instant after it; the next period begins here',
    zone LowCardinality(String) COMMENT 'time zone of the seller, the same for all periods',
    closed_at DateTime64(3, 'UTC') COMMENT 'when it was closed',
    lane UInt64 COMMENT 'lane of the batches: batch = lane x 2^40 + number',
    after_batch UInt64 COMMENT 'last batch of the lane in the closing before; lane x 2^40 for none',
    last_batch UInt64 COMMENT 'last batch of the lane in this closing: all its lines up to here are in it'
) ENGINE = ReplicatedMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}') ORDER BY (period_start, lane)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Closed periods: one row per period and lane; a period is closed by one insert';

CREATE TABLE closed_figures ON CLUSTER 'live' (
    period LowCardinality(String) COMMENT 'month closed, as in 2026-10',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    model LowCardinality(String) COMMENT 'attribution model',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    seller_id LowCardinality(String) COMMENT 'seller of the session as known at the closing; empty: none or unknown',
    gross Decimal(38, 0) COMMENT 'credited sales that count in the period, minor units',
    refunds Decimal(38, 0) COMMENT 'credited refunds that count in it, minor units, positive; of excess_refund negative',
    earlier Decimal(38, 0) COMMENT 'the part of gross - refunds that corrects periods closed before, minor units',
    lines UInt64 COMMENT 'ledger lines summed'
) ENGINE = ReplicatedMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}') ORDER BY (period, currency, model, host_id, seller_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'What the books said when a period was closed: the evidence that nothing of it has changed since';

CREATE TABLE rates ON CLUSTER 'live' (
    rate_date Date COMMENT 'day from which the rate holds, until the next one',
    from_currency LowCardinality(String) COMMENT 'ISO 4217 code of the amount',
    to_currency LowCardinality(String) COMMENT 'ISO 4217 code of the reporting currency',
    version UInt32 COMMENT 'from 1; another rate for the same day and pair is a new version',
    rate Decimal(38, 18) COMMENT 'units of to_currency for one unit of from_currency, exact',
    source String COMMENT 'file it was read from',
    known_at DateTime64(3, 'UTC') COMMENT 'when it was imported'
) ENGINE = ReplicatedMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}') ORDER BY (from_currency, to_currency, rate_date, version)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Dated exchange rates; nothing is edited';

CREATE VIEW posted_lines ON CLUSTER 'live' (
    order_id String COMMENT 'order credited',
    model LowCardinality(String) COMMENT 'attribution model',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    kind Enum8('sale' = 1, 'refund' = 2, 'restatement' = 3) COMMENT 'restatement: a reversal or a new entry after a late fact',
    refund_id Nullable(String) COMMENT 'refund that this line books; NULL: the sale',
    amount_minor Int64 COMMENT 'minor units; refunds are negative, excess_refund is positive',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid (cohort view)',
    booked_at DateTime64(3, 'UTC') COMMENT 'when it belongs: order time of a sale, refund time of a refund',
    posted_at DateTime64(3, 'UTC') COMMENT 'when it counts in the closed books: booked_at, or the start of the period it was moved to',
    period String COMMENT 'month of posted_at, in the zone of the closings (UTC before the first one)',
    booked_period String COMMENT 'month of booked_at, in the same zone',
    is_moved Bool COMMENT 'it came after its own period was closed, and counts in a later one',
    recorded_at DateTime64(3, 'UTC') COMMENT 'when the line was written',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    weight Decimal(38, 0) COMMENT 'weight of the host in this order; only ratios matter',
    basis LowCardinality(String) COMMENT 'why the host has it, in words',
    sign Int8 COMMENT '1: an entry; -1: takes an earlier entry back, with its amount negated',
    fit UInt32 COMMENT 'version of the Markov fit; 0: none used',
    reason LowCardinality(String) COMMENT 'why it was restated; empty for sale and refund',
    batch UInt64 COMMENT 'batch that wrote it'
) AS
WITH
    assumeNotNull((SELECT max(period_end) FROM closings)) AS open_from,
    assumeNotNull((SELECT if(count() = 0, 'UTC', any(toString(zone))) FROM closings)) AS books_zone
SELECT ledger.order_id AS order_id, ledger.model AS model, ledger.host_id AS host_id, ledger.kind AS kind,
    ledger.refund_id AS refund_id, ledger.amount_minor AS amount_minor, ledger.currency AS currency,
    ledger.ordered_at AS ordered_at, ledger.booked_at AS booked_at,
    greatest(ledger.booked_at, if(ledger.batch <= pinned.last_batch, pinned.period_start, open_from)) AS posted_at,
    formatDateTime(posted_at, '%Y-%m', books_zone) AS period,
    formatDateTime(ledger.booked_at, '%Y-%m', books_zone) AS booked_period,
    toBool(posted_at != ledger.booked_at) AS is_moved,
    ledger.recorded_at AS recorded_at, ledger.session_id AS session_id, ledger.weight AS weight, ledger.basis AS basis,
    ledger.sign AS sign, ledger.fit AS fit, ledger.reason AS reason, ledger.batch AS batch
FROM ledger
ASOF LEFT JOIN (
    SELECT lane, after_batch, last_batch, period_start FROM closings WHERE last_batch > after_batch
) AS pinned
    ON bitShiftRight(ledger.batch, 40) = pinned.lane AND ledger.batch > pinned.after_batch
COMMENT 'The ledger with the period in which each line counts: figures of a closed period never change';

CREATE VIEW finance_lines ON CLUSTER 'live' (
    period String COMMENT 'month in which the line counts, as closed',
    booked_period String COMMENT 'month to which it belongs',
    is_moved Bool COMMENT 'it came after its own month was closed',
    posted_at DateTime64(3, 'UTC') COMMENT 'when it counts, UTC',
    booked_at DateTime64(3, 'UTC') COMMENT 'when it belongs, UTC: order time of a sale, refund time of a refund',
    recorded_at DateTime64(3, 'UTC') COMMENT 'when it was written, UTC; lines up to a time are the books as known then',
    model LowCardinality(String) COMMENT 'attribution model; take one',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; never add across currencies',
    order_id String COMMENT 'order',
    refund_id Nullable(String) COMMENT 'refund that it books; NULL: the sale',
    kind LowCardinality(String) COMMENT 'sale, refund or restatement',
    reason LowCardinality(String) COMMENT 'why it was restated; empty for sale and refund',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    host_kind LowCardinality(String) COMMENT 'human, digital or unknown when the order was paid, or the account',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    platform LowCardinality(String) COMMENT 'platform of the session; empty: none or unknown',
    seller_id String COMMENT 'seller of the session as known now; empty: none or unknown',
    gross_minor Int64 COMMENT 'minor units of currency: sales',
    refunds_minor Int64 COMMENT 'minor units: refunds, positive; what was refunded beyond an order included',
    net_minor Int64 COMMENT 'minor units: gross_minor - refunds_minor'
) AS
SELECT lines.period AS period, lines.booked_period AS booked_period, lines.is_moved AS is_moved,
    lines.posted_at AS posted_at, lines.booked_at AS booked_at, lines.recorded_at AS recorded_at, lines.model AS model,
    lines.currency AS currency, lines.order_id AS order_id, lines.refund_id AS refund_id, toString(lines.kind) AS kind,
    lines.reason AS reason, lines.host_id AS host_id,
    multiIf(
        lines.host_id IN ('unattributed', 'excess_refund'), toString(lines.host_id),
        host_kinds.kind = '', 'unknown',
        toString(host_kinds.kind)
    ) AS host_kind,
    lines.session_id AS session_id, ifNull(known.platform, '') AS platform, ifNull(known.seller_id, '') AS seller_id,
    if(isNull(lines.refund_id), lines.amount_minor, 0) AS gross_minor,
    if(isNull(lines.refund_id), 0, if(lines.host_id = 'excess_refund', 1, -1) * lines.amount_minor) AS refunds_minor,
    gross_minor - refunds_minor AS net_minor
FROM posted_lines AS lines
ASOF LEFT JOIN host_kinds ON lines.host_id = host_kinds.host_id AND lines.ordered_at >= host_kinds.from_at
LEFT JOIN (
    SELECT session_id, toString(sessions.platform) AS platform, sessions.seller_id AS seller_id FROM sessions
) AS known ON toString(lines.session_id) = known.session_id
COMMENT 'Which ledger lines are behind a figure, and in which month does each count?';

CREATE VIEW finance_periods ON CLUSTER 'live' (
    period String COMMENT 'month',
    model LowCardinality(String) COMMENT 'attribution model; all have the same sums',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; never add across currencies',
    is_closed Bool COMMENT 'the month is closed: its figures never change',
    gross_minor Decimal(38, 0) COMMENT 'minor units: sales that count in the month',
    refunds_minor Decimal(38, 0) COMMENT 'minor units: refunds that count in it, positive',
    net_minor Decimal(38, 0) COMMENT 'minor units: gross_minor - refunds_minor',
    earlier_minor Decimal(38, 0) COMMENT 'minor units: the part of net_minor that corrects months closed before',
    restated_minor Decimal(38, 0) COMMENT 'minor units: net of what belongs to the month, whenever it came: as known now',
    orders Int64 COMMENT 'orders paid in the month, as known now'
) AS
SELECT figures.period AS period, figures.model AS model, figures.currency AS currency,
    toBool(figures.period IN (SELECT toString(closings.period) FROM closings)) AS is_closed,
    toDecimal128(sum(gross), 0) AS gross_minor, toDecimal128(sum(refunds), 0) AS refunds_minor, gross_minor - refunds_minor AS net_minor,
    toDecimal128(sum(earlier), 0) AS earlier_minor, toDecimal128(sum(restated), 0) AS restated_minor, sum(standing) AS orders
FROM (
    SELECT period, model, currency, sum(toInt128(finance_lines.gross_minor)) AS gross,
        sum(toInt128(finance_lines.refunds_minor)) AS refunds,
        sumIf(toInt128(finance_lines.net_minor), is_moved) AS earlier, toInt128(0) AS restated, toInt64(0) AS standing
    FROM finance_lines
    GROUP BY period, model, currency
    UNION ALL
    SELECT booked_period, model, currency, toInt128(0), toInt128(0), toInt128(0), sum(toInt128(finance_lines.net_minor)),
        toInt64(uniqExactIf(order_id, isNull(refund_id)))
    FROM finance_lines
    GROUP BY booked_period, model, currency
) AS figures
GROUP BY period, model, currency
COMMENT 'What did each month bring: as closed, and as known now?';

CREATE VIEW finance_hosts ON CLUSTER 'live' (
    period String COMMENT 'month in which the lines count, as closed',
    model LowCardinality(String) COMMENT 'attribution model; take one',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; never add across currencies',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund: all of them sum to what was paid',
    host_kind LowCardinality(String) COMMENT 'human, digital or unknown when the order was paid, or the account',
    gross_minor Decimal(38, 0) COMMENT 'minor units: credited sales',
    refunds_minor Decimal(38, 0) COMMENT 'minor units: credited refunds, positive',
    net_minor Decimal(38, 0) COMMENT 'minor units: gross_minor - refunds_minor',
    earlier_minor Decimal(38, 0) COMMENT 'minor units: the part of net_minor that corrects months closed before'
) AS
SELECT period, model, currency, host_id, host_kind, toDecimal128(sum(toInt128(lines.gross_minor)), 0) AS gross_minor,
    toDecimal128(sum(toInt128(lines.refunds_minor)), 0) AS refunds_minor, toDecimal128(sum(toInt128(lines.net_minor)), 0) AS net_minor,
    toDecimal128(sumIf(toInt128(lines.net_minor), is_moved), 0) AS earlier_minor
FROM finance_lines AS lines
GROUP BY period, model, currency, host_id, host_kind
COMMENT 'What did each host earn in each month, as closed?';

CREATE VIEW finance_sellers ON CLUSTER 'live' (
    period String COMMENT 'month in which the lines count, as closed',
    model LowCardinality(String) COMMENT 'attribution model; all have the same sums',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; never add across currencies',
    seller_id String COMMENT 'seller of the session as known now; empty: sold outside of any',
    platform LowCardinality(String) COMMENT 'platform of the session; empty: none or unknown',
    gross_minor Decimal(38, 0) COMMENT 'minor units: sales',
    refunds_minor Decimal(38, 0) COMMENT 'minor units: refunds, positive',
    net_minor Decimal(38, 0) COMMENT 'minor units: gross_minor - refunds_minor',
    unattributed_minor Decimal(38, 0) COMMENT 'minor units: the part of net_minor that no host has a claim on'
) AS
SELECT period, model, currency, seller_id, platform, toDecimal128(sum(toInt128(lines.gross_minor)), 0) AS gross_minor,
    toDecimal128(sum(toInt128(lines.refunds_minor)), 0) AS refunds_minor, toDecimal128(sum(toInt128(lines.net_minor)), 0) AS net_minor,
    toDecimal128(sumIf(toInt128(lines.net_minor), host_id = 'unattributed'), 0) AS unattributed_minor
FROM finance_lines AS lines
GROUP BY period, model, currency, seller_id, platform
COMMENT 'What did each seller take on each platform in each month, as closed?';

CREATE VIEW finance_corrections ON CLUSTER 'live' (
    period String COMMENT 'month in which the correction counts',
    booked_period String COMMENT 'closed month that it corrects',
    model LowCardinality(String) COMMENT 'attribution model; take one',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; never add across currencies',
    order_id String COMMENT 'order concerned',
    refund_id Nullable(String) COMMENT 'refund concerned; NULL: the sale',
    kind LowCardinality(String) COMMENT 'sale or refund that came late, or restatement',
    reason LowCardinality(String) COMMENT 'why it was restated; empty for sale and refund',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    net_minor Int64 COMMENT 'minor units: change of the net of the host',
    booked_at DateTime64(3, 'UTC') COMMENT 'when it belongs, UTC',
    recorded_at DateTime64(3, 'UTC') COMMENT 'when it was written, UTC'
) AS
SELECT period, booked_period, model, currency, order_id, refund_id, kind, reason, host_id, net_minor, booked_at, recorded_at
FROM finance_lines
WHERE is_moved
COMMENT 'What came after a month was closed, and in which month was it corrected?';

CREATE VIEW finance_closings ON CLUSTER 'live' (
    period LowCardinality(String) COMMENT 'month closed',
    period_start DateTime64(3, 'UTC') COMMENT 'first instant of the month, UTC',
    period_end DateTime64(3, 'UTC') COMMENT 'first instant after it, UTC',
    zone LowCardinality(String) COMMENT 'time zone of the months',
    closed_at DateTime64(3, 'UTC') COMMENT 'when it was closed, UTC',
    lanes UInt64 COMMENT 'writers whose batches it pins'
) AS
SELECT closings.period AS period, any(closings.period_start) AS period_start, any(closings.period_end) AS period_end,
    any(closings.zone) AS zone, any(closings.closed_at) AS closed_at, count() AS lanes
FROM closings
GROUP BY period
COMMENT 'Which months are closed, and since when?';

CREATE VIEW finance_rates ON CLUSTER 'live' (
    rate_date Date COMMENT 'day from which the rate holds, until the next one',
    from_currency LowCardinality(String) COMMENT 'ISO 4217 code of the amount',
    to_currency LowCardinality(String) COMMENT 'ISO 4217 code of the reporting currency',
    rate Decimal(38, 18) COMMENT 'units of to_currency for one unit of from_currency: the latest version',
    version UInt32 COMMENT 'version of the rate, from 1',
    known_at DateTime64(3, 'UTC') COMMENT 'when it was imported, UTC'
) AS
SELECT rates.rate_date AS rate_date, rates.from_currency AS from_currency, rates.to_currency AS to_currency,
    argMax(rates.rate, (rates.version, rates.known_at)) AS rate, max(rates.version) AS version,
    argMax(rates.known_at, (rates.version, rates.known_at)) AS known_at
FROM rates
GROUP BY rate_date, from_currency, to_currency
COMMENT 'Which exchange rate holds from which day?';

CREATE TABLE fee_schedules ON CLUSTER 'live' (
    version UInt32 COMMENT 'version of the schedule, from 1; the highest is in force',
    row UInt32 COMMENT 'line of the file',
    fee LowCardinality(String) COMMENT 'platform_fee, affiliate, ads, host_hourly, host_commission or avatar_hourly',
    platform Nullable(String) COMMENT 'only this platform; NULL: all',
    seller_id Nullable(String) COMMENT 'only this seller; NULL: all',
    host_id Nullable(String) COMMENT 'only this host; NULL: all',
    host_kind Nullable(String) COMMENT 'only this kind of host; NULL: all',
    currency Nullable(String) COMMENT 'ISO 4217 code: of the amount, or only this currency; NULL: all',
    from_day Date32 COMMENT 'first day it holds, in the zone of the books',
    until_day Nullable(Date32) COMMENT 'first day it no longer holds; NULL: none',
    bps Nullable(Int64) COMMENT 'share in basis points',
    base Nullable(String) COMMENT 'gross or net: what the share is of',
    refundable Nullable(String) COMMENT 'full: a refund takes the fee back; none: the fee stays',
    amount_minor Nullable(Int64) COMMENT 'minor units: per hour on air, or for the days of an ad',
    tiers Nullable(String) COMMENT 'commission tiers, as in 0:100;1000000:200 (minor units:basis points)',
    note Nullable(String) COMMENT 'in the words of who wrote it',
    source String COMMENT 'file it was read from',
    digest String COMMENT 'SHA-256 of the file',
    imported_at DateTime64(3, 'UTC') COMMENT 'when it was imported'
) ENGINE = ReplicatedMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}') ORDER BY (version, row)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Fee schedules: what platforms, affiliates, hosts, avatar vendors and ads cost, and when';

CREATE TABLE platform_rules ON CLUSTER 'live' (
    version UInt32 COMMENT 'version of the table, from 1; the highest is in force',
    row UInt32 COMMENT 'line of the file',
    platform String COMMENT 'platform of sessions; * for all',
    from_day Date32 COMMENT 'first day it holds, in the zone of the books',
    until_day Nullable(Date32) COMMENT 'first day it no longer holds; NULL: none',
    rule LowCardinality(String) COMMENT 'banned: no digital hosts; label_required: only with the AI label',
    source_of_rule String COMMENT 'where the rule can be read',
    note Nullable(String) COMMENT 'in the words of who wrote it',
    source String COMMENT 'file it was read from',
    digest String COMMENT 'SHA-256 of the file',
    imported_at DateTime64(3, 'UTC') COMMENT 'when it was imported'
) ENGINE = ReplicatedMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}') ORDER BY (version, row)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'What platforms and the law allow digital hosts, and when; no legal advice';

CREATE VIEW likeness_contracts ON CLUSTER 'live' AS
SELECT contract_id, last.1 AS host_id, last.2 AS owner, last.3 AS valid_from, last.4 AS valid_to, last.5 AS fee_minor,
    last.6 AS currency, last.7 AS royalty_bps, last.8 AS platforms, last.9 AS categories, last.10 AS label_required
FROM (
    SELECT contract_id,
        argMax(
            tuple(host_id, owner, valid_from, valid_to, fee_minor, currency, royalty_bps, platforms, categories,
                label_required),
            (occurred_at, event_id)
        ) AS last
    FROM roster_events WHERE type = 'likeness_contracted' GROUP BY contract_id
);

CREATE TABLE returns_minute_local ON CLUSTER 'live' (
    model LowCardinality(String) COMMENT 'attribution model',
    minute DateTime('UTC') COMMENT 'minute of ordered_at: when what was returned had been sold',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    refunds Int128 COMMENT 'credited refunds, minor units, positive; excess_refund is negative'
) ENGINE = ReplicatedSummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (model, minute, currency, session_id, host_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Credited refunds per model, session and host, by the minute in which the order was paid (cohort view)';

CREATE TABLE returns_minute ON CLUSTER 'live' AS returns_minute_local
ENGINE = Distributed('live', currentDatabase(), returns_minute_local)
COMMENT 'Credited refunds per model, session and host, by the minute in which the order was paid (cohort view)';

CREATE TABLE entries_quarter_local ON CLUSTER 'live' (
    session_id LowCardinality(String) COMMENT 'session',
    quarter DateTime('UTC') COMMENT 'quarter of an hour of the room entry',
    source LowCardinality(String) COMMENT 'traffic source; empty: the platform names none',
    entries Int64 COMMENT 'room entries'
) ENGINE = ReplicatedSummingMergeTree PARTITION BY toYYYYMM(quarter) ORDER BY (session_id, quarter, source)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Room entries by traffic source';

CREATE TABLE entries_quarter ON CLUSTER 'live' AS entries_quarter_local
ENGINE = Distributed('live', currentDatabase(), entries_quarter_local)
COMMENT 'Room entries by traffic source';

TRUNCATE TABLE returns_minute_local ON CLUSTER 'live';

INSERT INTO returns_minute_local
SELECT model, toStartOfMinute(ordered_at) AS minute, currency, session_id, host_id, -sum(toInt128(amount_minor)) AS refunds
FROM ledger WHERE isNotNull(refund_id) AND batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY model, minute, currency, session_id, host_id
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW returns_minute_view ON CLUSTER 'live' TO returns_minute_local AS
SELECT model, toStartOfMinute(ordered_at) AS minute, currency, session_id, host_id, -sum(toInt128(amount_minor)) AS refunds
FROM ledger_local AS ledger WHERE isNotNull(refund_id) GROUP BY model, minute, currency, session_id, host_id;

TRUNCATE TABLE entries_quarter_local ON CLUSTER 'live';

INSERT INTO entries_quarter_local
SELECT session_id, toStartOfFifteenMinutes(occurred_at) AS quarter, ifNull(viewer_events.source, '') AS source,
    toInt64(count()) AS entries
FROM viewer_events WHERE type = 'viewer_joined' AND batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY session_id, quarter, source
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW entries_quarter_view ON CLUSTER 'live' TO entries_quarter_local AS
SELECT session_id, toStartOfFifteenMinutes(occurred_at) AS quarter, ifNull(viewer_events.source, '') AS source,
    toInt64(count()) AS entries
FROM viewer_events_local AS viewer_events WHERE type = 'viewer_joined' GROUP BY session_id, quarter, source;

CREATE VIEW line_ups ON CLUSTER 'live' AS
WITH kinds AS (
    SELECT host_id, kind, from_at AS kind_from, leadInFrame(from_at, 1, toDateTime64(9000000000, 3, 'UTC')) OVER (
            PARTITION BY host_id ORDER BY from_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS kind_until
    FROM host_kinds
),
turns AS (
    SELECT session_id, host_id, started_at,
        ifNull(ended_at, assumeNotNull((SELECT max(newest_at) FROM batches))) AS stopped_at
    FROM shifts FINAL
),
on_air AS (
    SELECT turns.session_id AS session_id, turns.host_id AS host_id,
        if(kinds.kind = '', 'unknown', toString(kinds.kind)) AS kind,
        toStartOfMinute(if(kinds.kind = '', started_at, greatest(started_at, kind_from)) + INTERVAL 30 SECOND) AS start_at,
        toStartOfMinute(if(kinds.kind = '', stopped_at, least(stopped_at, kind_until)) + INTERVAL 30 SECOND) AS end_at
    FROM turns
    LEFT JOIN kinds ON turns.host_id = kinds.host_id
    WHERE start_at < end_at
),
sessions_air AS (
    SELECT session_id, groupArray((host_id, kind, start_at, end_at)) AS shifts_,
        arraySort(arrayDistinct(arrayConcat([toDateTime(0, 'UTC')], groupArray(start_at), groupArray(end_at)))) AS marks
    FROM on_air
    GROUP BY session_id
)
SELECT session_id, start_at, end_at,
    arraySort(arrayFilter(shift -> shift.3 <= start_at AND shift.4 >= end_at AND start_at < end_at, shifts_)) AS line_up,
    arrayMap(shift -> shift.1, line_up) AS host_ids,
    arrayMap(shift -> shift.2, line_up) AS kinds
FROM sessions_air
ARRAY JOIN marks AS start_at, arrayPushBack(arrayPopFront(marks), marks[-1]) AS end_at;

CREATE TABLE roster_hosts ON CLUSTER 'live' (
    host_id String COMMENT 'host',
    latest AggregateFunction(argMax, Tuple(Nullable(String), Nullable(String), Nullable(String)), Tuple(DateTime64(3, 'UTC'), String))
        COMMENT 'its last registration, by time and id',
    name Nullable(String) ALIAS finalizeAggregation(latest).1 COMMENT 'host name',
    kind Nullable(String) ALIAS finalizeAggregation(latest).2 COMMENT 'human or digital',
    likeness_of Nullable(String) ALIAS finalizeAggregation(latest).3 COMMENT 'human host whose likeness a digital host is'
) ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}') ORDER BY host_id
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Hosts as registered last: the view hosts, kept ready';

CREATE TABLE roster_kinds ON CLUSTER 'live' (
    host_id String COMMENT 'host',
    from_at DateTime64(3, 'UTC') COMMENT 'registered then; 1970: its first registration, whose kind holds before it too',
    first AggregateFunction(argMin, String, Tuple(DateTime64(3, 'UTC'), String)) COMMENT 'kind of the first event of the row',
    latest AggregateFunction(argMax, String, Tuple(DateTime64(3, 'UTC'), String)) COMMENT 'kind of the last event of the row',
    kind LowCardinality(String) ALIAS if(from_at = toDateTime64(0, 3, 'UTC'), finalizeAggregation(first), finalizeAggregation(latest))
        COMMENT 'human or digital, until the next row of the host'
) ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}') ORDER BY (host_id, from_at)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Which kind a host has from when: the view host_kinds, kept ready';

CREATE TABLE roster_sessions ON CLUSTER 'live' (
    session_id String COMMENT 'session',
    latest AggregateFunction(
        argMax, Tuple(Nullable(String), Nullable(String), Nullable(String), Nullable(String)), Tuple(DateTime64(3, 'UTC'), String)
    ) COMMENT 'its last start, by time and id',
    started_at SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))) COMMENT 'first start; NULL: not known',
    ended_at SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC'))) COMMENT 'last end; NULL: not ended',
    platform Nullable(String) ALIAS finalizeAggregation(latest).1 COMMENT 'platform of the session',
    seller_id Nullable(String) ALIAS finalizeAggregation(latest).2 COMMENT 'seller of the session',
    title Nullable(String) ALIAS finalizeAggregation(latest).3 COMMENT 'title of the session',
    category Nullable(String) ALIAS finalizeAggregation(latest).4 COMMENT 'category of the session'
) ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}') ORDER BY session_id
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Sessions as known: the view sessions, kept ready';

CREATE MATERIALIZED VIEW roster_hosts_view ON CLUSTER 'live' TO roster_hosts AS
SELECT assumeNotNull(roster_events.host_id) AS host_id,
    argMaxState((name, CAST(kind, 'Nullable(String)'), likeness_of), (occurred_at, event_id)) AS latest
FROM roster_events_local AS roster_events WHERE type = 'host_registered' GROUP BY host_id;

CREATE MATERIALIZED VIEW roster_kinds_view ON CLUSTER 'live' TO roster_kinds AS
SELECT assumeNotNull(roster_events.host_id) AS host_id,
    arrayJoin([toDateTime64(0, 3, 'UTC'), occurred_at]) AS from_at,
    argMinState(toString(assumeNotNull(kind)), (occurred_at, event_id)) AS first,
    argMaxState(toString(assumeNotNull(kind)), (occurred_at, event_id)) AS latest
FROM roster_events_local AS roster_events WHERE type = 'host_registered' GROUP BY host_id, from_at;

CREATE MATERIALIZED VIEW roster_sessions_view ON CLUSTER 'live' TO roster_sessions AS
SELECT assumeNotNull(roster_events.session_id) AS session_id,
    argMaxIfState(
        (CAST(platform, 'Nullable(String)'), seller_id, title, category), (occurred_at, event_id), type = 'session_started'
    ) AS latest,
    minIfOrNull(occurred_at, type = 'session_started') AS started_at,
    maxIfOrNull(occurred_at, type = 'session_ended') AS ended_at
FROM roster_events_local AS roster_events
WHERE type IN ('session_started', 'session_ended') GROUP BY session_id;

INSERT INTO roster_hosts (host_id, latest)
SELECT assumeNotNull(roster_events.host_id) AS host_id,
    argMaxState((name, CAST(kind, 'Nullable(String)'), likeness_of), (occurred_at, event_id)) AS latest
FROM roster_events WHERE type = 'host_registered' GROUP BY host_id
SETTINGS insert_deduplicate = 0;

INSERT INTO roster_kinds (host_id, from_at, first, latest)
SELECT assumeNotNull(roster_events.host_id) AS host_id,
    arrayJoin([toDateTime64(0, 3, 'UTC'), occurred_at]) AS from_at,
    argMinState(toString(assumeNotNull(kind)), (occurred_at, event_id)) AS first,
    argMaxState(toString(assumeNotNull(kind)), (occurred_at, event_id)) AS latest
FROM roster_events WHERE type = 'host_registered' GROUP BY host_id, from_at
SETTINGS insert_deduplicate = 0;

INSERT INTO roster_sessions (session_id, latest, started_at, ended_at)
SELECT assumeNotNull(roster_events.session_id) AS session_id,
    argMaxIfState(
        (CAST(platform, 'Nullable(String)'), seller_id, title, category), (occurred_at, event_id), type = 'session_started'
    ) AS latest,
    minIfOrNull(occurred_at, type = 'session_started') AS started_at,
    maxIfOrNull(occurred_at, type = 'session_ended') AS ended_at
FROM roster_events
WHERE type IN ('session_started', 'session_ended') GROUP BY session_id
SETTINGS insert_deduplicate = 0;

ALTER TABLE order_paths_local ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid; 1970 in rows of before this column';

ALTER TABLE order_paths_local ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS former_host_ids Array(Array(String)) COMMENT 'line-ups of the evidence that this takes the place of; empty: none';

ALTER TABLE order_paths ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid; 1970 in rows of before this column';

ALTER TABLE order_paths ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS former_host_ids Array(Array(String)) COMMENT 'line-ups of the evidence that this takes the place of; empty: none';

CREATE TABLE transitions_quarter_local ON CLUSTER 'live' (
    memory UInt8 COMMENT 'how many line-ups a state remembers: 1, 2, 3',
    quarter DateTime('UTC') COMMENT 'quarter of an hour of the order that the whole journey ended in',
    source LowCardinality(String) COMMENT 'state: line-ups joined by 0x1E, their hosts by 0x1F; or 0x02 start',
    target LowCardinality(String) COMMENT 'next state, or 0x02 conversion',
    times Int64 COMMENT 'how often'
) ENGINE = ReplicatedSummingMergeTree PARTITION BY toYYYYMM(quarter) ORDER BY (memory, quarter, source, target)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Transitions of the journeys that ended in an order, by the time of the order';

CREATE TABLE transitions_quarter ON CLUSTER 'live' AS transitions_quarter_local
ENGINE = Distributed('live', currentDatabase(), transitions_quarter_local)
COMMENT 'Transitions of the journeys that ended in an order, by the time of the order';

CREATE TABLE lost_transitions_local ON CLUSTER 'live' (
    memory UInt8 COMMENT 'how many line-ups a state remembers: 1, 2, 3',
    quarter DateTime('UTC') COMMENT 'quarter of an hour in which the last step of the whole journey ended',
    source LowCardinality(String) COMMENT 'state: line-ups joined by 0x1E, their hosts by 0x1F; or 0x02 start',
    target LowCardinality(String) COMMENT 'next state, or 0x02 null',
    times Int64 COMMENT 'how much more often than the fit before had counted; negative: less',
    batch UInt64 COMMENT 'batch of the fit that counted' CODEC(Delta(8), ZSTD(1))
) ENGINE = ReplicatedMergeTree PARTITION BY toYYYYMM(quarter) ORDER BY (memory, quarter, source, target)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Transitions of the journeys of people who never bought: signed changes, their sum is as of the latest fit';

CREATE TABLE lost_transitions ON CLUSTER 'live' AS lost_transitions_local
ENGINE = Distributed('live', currentDatabase(), lost_transitions_local, bitShiftRight(batch, 40))
COMMENT 'Transitions of the journeys of people who never bought: signed changes, their sum is as of the latest fit';

TRUNCATE TABLE transitions_quarter_local ON CLUSTER 'live';

INSERT INTO transitions_quarter_local
SELECT memory, quarter, way.1 AS source, way.2 AS target, toInt64(count()) AS times
FROM (
    SELECT quarter, memory, arrayMap(
            place -> arrayStringConcat(arraySlice(names, greatest(place - memory + 1, 1), least(memory, place)), '\x1e'),
            arrayEnumerate(names)
        ) AS states
    FROM (
        SELECT toStartOfFifteenMinutes(orders.ordered_at) AS quarter,
            arrayMap(lineup -> arrayStringConcat(lineup, '\x1f'), latest.lineups) AS names
        FROM (
            SELECT order_id, argMax(order_paths.host_ids, order_paths.batch) AS lineups
            FROM order_paths
            WHERE batch GLOBAL IN (SELECT batch FROM batches)
            GROUP BY order_id
        ) AS latest
        INNER JOIN orders ON latest.order_id = orders.order_id
        WHERE notEmpty(latest.lineups)
    )
    ARRAY JOIN [1, 2, 3] AS memory
)
ARRAY JOIN arrayZip(arrayPushFront(states, '\x02start'), arrayPushBack(states, '\x02conversion')) AS way
GROUP BY memory, quarter, source, target
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW transitions_quarter_view ON CLUSTER 'live' TO transitions_quarter_local AS
SELECT memory, quarter, way.1 AS source, way.2 AS target, sum(sign) AS times
FROM (
    SELECT quarter, sign, memory, arrayMap(
            place -> arrayStringConcat(arraySlice(names, greatest(place - memory + 1, 1), least(memory, place)), '\x1e'),
            arrayEnumerate(names)
        ) AS states
    FROM (
        SELECT toStartOfFifteenMinutes(ordered_at) AS quarter, walked.1 AS sign,
            arrayMap(lineup -> arrayStringConcat(lineup, '\x1f'), walked.2) AS names
        FROM order_paths_local AS order_paths
        ARRAY JOIN [(toInt64(1), host_ids), (toInt64(-1), former_host_ids)] AS walked
        WHERE notEmpty(walked.2)
    )
    ARRAY JOIN [1, 2, 3] AS memory
)
ARRAY JOIN arrayZip(arrayPushFront(states, '\x02start'), arrayPushBack(states, '\x02conversion')) AS way
GROUP BY memory, quarter, source, target
HAVING times != 0;

ALTER TABLE batches_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE viewer_events_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE orders_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE order_lines_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE refunds_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE roster_events_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE rejects_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE shifts_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE presence_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE order_paths_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE ledger_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE intents_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE activity_minute_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE presence_minute_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE revenue_minute_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE orders_minute_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE products_minute_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE returns_minute_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE entries_quarter_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE roster_hosts ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE roster_kinds ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE roster_sessions ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE transitions_quarter_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE lost_transitions_local ON CLUSTER 'live'
    MODIFY SETTING min_bytes_for_full_part_storage = 10485760;

ALTER TABLE activity_minute_local ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS viewers AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS clickers AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS carters AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS interactors AggregateFunction(uniqExact, String);

ALTER TABLE activity_minute ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS viewers AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS clickers AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS carters AggregateFunction(uniqExact, String),
    ADD COLUMN IF NOT EXISTS interactors AggregateFunction(uniqExact, String);

CREATE TABLE people_minute_local ON CLUSTER 'live' (
    minute DateTime('UTC') COMMENT 'minute of occurred_at',
    session_id LowCardinality(String) COMMENT 'session',
    viewers SimpleAggregateFunction(groupUniqArrayArray, Array(UInt128)) COMMENT 'keys of those who joined' CODEC(NONE),
    clickers SimpleAggregateFunction(groupUniqArrayArray, Array(UInt128)) COMMENT 'keys of those who clicked a product' CODEC(NONE),
    carters SimpleAggregateFunction(groupUniqArrayArray, Array(UInt128)) COMMENT 'keys of those who put a product in the cart' CODEC(NONE),
    interactors SimpleAggregateFunction(groupUniqArrayArray, Array(UInt128))
        COMMENT 'keys of those who commented, liked, shared or followed' CODEC(NONE)
) ENGINE = ReplicatedAggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (minute, session_id)
SETTINGS index_granularity = 256, min_bytes_for_full_part_storage = 10485760, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Who was in the rooms, per minute and session; a key is the 128-bit SipHash of a viewer_id';

CREATE TABLE people_minute ON CLUSTER 'live' AS people_minute_local
ENGINE = Distributed('live', currentDatabase(), people_minute_local)
COMMENT 'Who was in the rooms, per minute and session; a key is the 128-bit SipHash of a viewer_id';

INSERT INTO people_minute_local
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

CREATE MATERIALIZED VIEW people_minute_view ON CLUSTER 'live' TO people_minute_local AS
WITH reinterpretAsUInt128(sipHash128(viewer_id)) AS key
SELECT toStartOfMinute(occurred_at) AS minute, session_id,
    groupUniqArrayIf(key, type = 'viewer_joined') AS viewers,
    groupUniqArrayIf(key, type = 'product_clicked') AS clickers,
    groupUniqArrayIf(key, type = 'cart_added') AS carters,
    groupUniqArrayIf(key, type IN ('commented', 'liked', 'shared', 'followed')) AS interactors
FROM viewer_events_local AS viewer_events GROUP BY minute, session_id;

DROP TABLE IF EXISTS activity_minute_view ON CLUSTER 'live';

CREATE MATERIALIZED VIEW activity_minute_view ON CLUSTER 'live' TO activity_minute_local AS
SELECT session_id, toStartOfMinute(occurred_at) AS minute,
    countIf(type = 'viewer_joined') AS views,
    countIf(type = 'product_clicked') AS clicks,
    countIf(type = 'cart_added') AS carts,
    sumIf(count, type = 'commented') AS comments,
    sumIf(count, type = 'liked') AS likes,
    sumIf(count, type = 'shared') AS shares,
    sumIf(count, type = 'followed') AS follows
FROM viewer_events_local AS viewer_events GROUP BY session_id, minute;

ALTER TABLE activity_minute_local ON CLUSTER 'live'
    DROP COLUMN IF EXISTS viewers,
    DROP COLUMN IF EXISTS clickers,
    DROP COLUMN IF EXISTS carters,
    DROP COLUMN IF EXISTS interactors;

ALTER TABLE activity_minute ON CLUSTER 'live'
    DROP COLUMN IF EXISTS viewers,
    DROP COLUMN IF EXISTS clickers,
    DROP COLUMN IF EXISTS carters,
    DROP COLUMN IF EXISTS interactors;

CREATE TABLE rooms_minute_local ON CLUSTER 'live' (
    session_id LowCardinality(String) COMMENT 'session',
    minute DateTime('UTC') COMMENT 'minute of the change or the room entry',
    change Int64 COMMENT 'people online after the minute minus before it',
    change_ms Int64 COMMENT 'sum of change x milliseconds since the minute began: exact watch time from sums',
    views Int64 COMMENT 'room entries',
    moves SimpleAggregateFunction(groupArrayArray, Array(UInt32))
        COMMENT 'each change of people online: milliseconds since the minute began x 256 + the change as a byte'
) ENGINE = ReplicatedSummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (session_id, minute)
SETTINGS index_granularity = 32, min_compress_block_size = 4096, min_bytes_for_full_part_storage = 10485760, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'What a shift adds up, per session and minute';

CREATE TABLE rooms_minute ON CLUSTER 'live' AS rooms_minute_local
ENGINE = Distributed('live', currentDatabase(), rooms_minute_local)
COMMENT 'What a shift adds up, per session and minute';

TRUNCATE TABLE rooms_minute_local ON CLUSTER 'live';

INSERT INTO rooms_minute_local
SELECT session_id, minute, presence_minute.change AS change, change_ms, toInt64(0) AS views, CAST([], 'Array(UInt32)') AS moves
FROM presence_minute
WHERE (session_id, minute) GLOBAL NOT IN (
    SELECT session_id, toStartOfMinute(at) FROM presence WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
UNION ALL
SELECT session_id, minute, 0, 0, toInt64(activity_minute.views), []
FROM activity_minute
WHERE (session_id, minute) GLOBAL NOT IN (
    SELECT session_id, toStartOfMinute(occurred_at) FROM viewer_events WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
UNION ALL
SELECT session_id, toStartOfMinute(at) AS minute, sum(toInt64(presence.change)),
    sum(toInt64(presence.change) * (toUnixTimestamp64Milli(at) % 60000)), 0, []
FROM presence
WHERE batch GLOBAL IN (SELECT batch FROM batches) AND (session_id, minute) GLOBAL IN (
    SELECT session_id, toStartOfMinute(at) FROM presence WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
GROUP BY session_id, minute
UNION ALL
SELECT session_id, toStartOfMinute(occurred_at) AS minute, 0, 0, toInt64(count()), []
FROM viewer_events
WHERE type = 'viewer_joined' AND batch GLOBAL IN (SELECT batch FROM batches) AND (session_id, minute) GLOBAL IN (
    SELECT session_id, toStartOfMinute(occurred_at) FROM viewer_events WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
GROUP BY session_id, minute
UNION ALL
SELECT session_id, toStartOfMinute(at) AS minute, 0, 0, 0,
    groupArray(toUInt32(toUnixTimestamp64Milli(at) % 60000 * 256 + reinterpretAsUInt8(presence.change)))
FROM presence
WHERE batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY session_id, minute
SETTINGS optimize_aggregation_in_order = 1, insert_deduplicate = 0;

CREATE MATERIALIZED VIEW rooms_minute_view ON CLUSTER 'live' TO rooms_minute_local AS
SELECT session_id, toStartOfMinute(at) AS minute, sum(toInt64(presence.change)) AS change,
    sum(toInt64(presence.change) * (toUnixTimestamp64Milli(at) % 60000)) AS change_ms, toInt64(0) AS views,
    groupArray(toUInt32(toUnixTimestamp64Milli(at) % 60000 * 256 + reinterpretAsUInt8(presence.change))) AS moves
FROM presence_local AS presence GROUP BY session_id, minute;

CREATE MATERIALIZED VIEW rooms_minute_views_view ON CLUSTER 'live' TO rooms_minute_local AS
SELECT session_id, toStartOfMinute(occurred_at) AS minute, toInt64(count()) AS views
FROM viewer_events_local AS viewer_events WHERE type = 'viewer_joined' GROUP BY session_id, minute;

CREATE TABLE revenue_day_local ON CLUSTER 'live' (
    model LowCardinality(String) COMMENT 'attribution model',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    day Date COMMENT 'day of booked_at, UTC',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    gross Int128 COMMENT 'credited sales, minor units',
    refunds Int128 COMMENT 'credited refunds, minor units, positive; of excess_refund negative',
    orders Int64 COMMENT 'orders that list the host'
) ENGINE = ReplicatedSummingMergeTree PARTITION BY toYear(day) ORDER BY (model, currency, day, session_id, host_id)
SETTINGS min_bytes_for_full_part_storage = 10485760, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Credited money per model, day, session and host: revenue_minute, for whole days';

CREATE TABLE revenue_day ON CLUSTER 'live' AS revenue_day_local
ENGINE = Distributed('live', currentDatabase(), revenue_day_local)
COMMENT 'Credited money per model, day, session and host: revenue_minute, for whole days';

TRUNCATE TABLE revenue_day_local ON CLUSTER 'live';

INSERT INTO revenue_day_local
SELECT model, currency, toDate(booked_at, 'UTC') AS day, session_id, host_id,
    sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
    -sumIf(toInt128(amount_minor), isNotNull(refund_id)) AS refunds,
    sumIf(toInt64(sign), isNull(refund_id)) AS orders
FROM ledger WHERE batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY model, currency, day, session_id, host_id
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW revenue_day_view ON CLUSTER 'live' TO revenue_day_local AS
SELECT model, currency, toDate(booked_at, 'UTC') AS day, session_id, host_id,
    sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
    -sumIf(toInt128(amount_minor), isNotNull(refund_id)) AS refunds,
    sumIf(toInt64(sign), isNull(refund_id)) AS orders
FROM ledger_local AS ledger GROUP BY model, currency, day, session_id, host_id;

CREATE TABLE order_credits_local ON CLUSTER 'live' (
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    refunded Bool COMMENT 'true: lines of a refund; false: of the sale',
    booked_at DateTime64(3, 'UTC') COMMENT 'when it counts: order time of a sale, refund time of a refund' CODEC(Delta(8), ZSTD(1)),
    order_id String COMMENT 'order credited' CODEC(ZSTD(1)),
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid' CODEC(Delta(8), ZSTD(1)),
    credits Map(LowCardinality(String), Int64) COMMENT 'by model, minor units; refunds are negative; a model without credit is absent',
    lines Map(LowCardinality(String), Int64) COMMENT 'by model, ledger lines that stand: entries less those taken back'
) ENGINE = ReplicatedMergeTree PARTITION BY toYYYYMM(booked_at) ORDER BY (currency, refunded, booked_at)
SETTINGS min_bytes_for_full_part_storage = 10485760, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'The ledger with the models of a line side by side; a restatement is one more row, so read sums';

CREATE TABLE order_credits ON CLUSTER 'live' AS order_credits_local
ENGINE = Distributed('live', currentDatabase(), order_credits_local)
COMMENT 'The ledger with the models of a line side by side; a restatement is one more row, so read sums';

TRUNCATE TABLE order_credits_local ON CLUSTER 'live';

INSERT INTO order_credits_local
SELECT currency, isNotNull(refund_id) AS refunded, booked_at, order_id, host_id, session_id, ordered_at,
    sumMap(map(toString(model), amount_minor)) AS credits, sumMap(map(toString(model), toInt64(sign))) AS lines
FROM ledger WHERE batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY currency, refunded, booked_at, order_id, host_id, session_id, ordered_at
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW order_credits_view ON CLUSTER 'live' TO order_credits_local AS
SELECT currency, isNotNull(refund_id) AS refunded, booked_at, order_id, host_id, session_id, ordered_at,
    sumMap(map(toString(model), amount_minor)) AS credits, sumMap(map(toString(model), toInt64(sign))) AS lines
FROM ledger_local AS ledger GROUP BY currency, refunded, booked_at, order_id, host_id, session_id, ordered_at;

DROP TABLE IF EXISTS rooms_minute_views_view ON CLUSTER 'live';

DROP TABLE IF EXISTS presence_minute_views_view ON CLUSTER 'live';

ALTER TABLE presence_minute_local ON CLUSTER 'live'
    DROP COLUMN IF EXISTS views;

ALTER TABLE presence_minute_local ON CLUSTER 'live'
    ADD COLUMN views Int64 COMMENT 'room entries';

ALTER TABLE presence_minute ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS views Int64 COMMENT 'room entries';

INSERT INTO presence_minute_local (session_id, minute, views)
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

CREATE MATERIALIZED VIEW presence_minute_views_view ON CLUSTER 'live' TO presence_minute_local AS
SELECT session_id, toStartOfMinute(occurred_at) AS minute, toInt64(count()) AS views
FROM viewer_events_local AS viewer_events WHERE type = 'viewer_joined' GROUP BY session_id, minute;

DROP TABLE IF EXISTS rooms_minute_view ON CLUSTER 'live';

ALTER TABLE rooms_minute_local ON CLUSTER 'live'
    DROP COLUMN IF EXISTS change,
    DROP COLUMN IF EXISTS change_ms,
    DROP COLUMN IF EXISTS views,
    COMMENT COLUMN minute 'minute of the changes',
    MODIFY COMMENT 'Who came and went within each minute of a session';

ALTER TABLE rooms_minute ON CLUSTER 'live'
    DROP COLUMN IF EXISTS change,
    DROP COLUMN IF EXISTS change_ms,
    DROP COLUMN IF EXISTS views,
    COMMENT COLUMN minute 'minute of the changes',
    MODIFY COMMENT 'Who came and went within each minute of a session';

CREATE MATERIALIZED VIEW rooms_minute_view ON CLUSTER 'live' TO rooms_minute_local AS
SELECT session_id, toStartOfMinute(at) AS minute,
    groupArray(toUInt32(toUnixTimestamp64Milli(at) % 60000 * 256 + reinterpretAsUInt8(presence.change))) AS moves
FROM presence_local AS presence GROUP BY session_id, minute;

ALTER TABLE intents_local ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS together Array(UInt64) COMMENT 'batches to be stored together, itself among them; empty: alone. It holds if their intents all say the same',
    ADD COLUMN IF NOT EXISTS seen Array(UInt64) COMMENT 'last stored batch of each lane when it was taken on: later ones do not count, unless a record names them';

ALTER TABLE intents ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS together Array(UInt64) COMMENT 'batches to be stored together, itself among them; empty: alone. It holds if their intents all say the same',
    ADD COLUMN IF NOT EXISTS seen Array(UInt64) COMMENT 'last stored batch of each lane when it was taken on: later ones do not count, unless a record names them';

ALTER TABLE batches_local ON CLUSTER 'live'
    ADD INDEX IF NOT EXISTS taken_on recorded_at TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS done_at stored_at TYPE minmax GRANULARITY 1;

ALTER TABLE batches_local ON CLUSTER 'live'
    MATERIALIZE INDEX taken_on, MATERIALIZE INDEX done_at
    SETTINGS mutations_sync = 2;

CREATE TABLE lanes_local ON CLUSTER 'live' (
    lane UInt64 COMMENT '0: embedded, 1: roster, p + 2: partition p',
    batch SimpleAggregateFunction(max, UInt64) COMMENT 'last batch that was stored',
    newest_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'latest occurred_at of any event up to and with it',
    recorded_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'when it was taken on'
) ENGINE = ReplicatedAggregatingMergeTree ORDER BY lane
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Where lanes are, kept ready; after a crash of the server a row may be missing until the next batch';

CREATE TABLE lanes ON CLUSTER 'live' AS lanes_local
ENGINE = Distributed('live', currentDatabase(), lanes_local)
COMMENT 'Where lanes are, kept ready; after a crash of the server a row may be missing until the next batch';

INSERT INTO lanes_local (lane, batch, newest_at, recorded_at)
SELECT bitShiftRight(batches.batch, 40) AS lane, max(batches.batch), max(batches.newest_at), max(batches.recorded_at)
FROM batches GROUP BY lane
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW lanes_view ON CLUSTER 'live' TO lanes_local AS
SELECT bitShiftRight(batches.batch, 40) AS lane, max(batches.batch) AS batch, max(batches.newest_at) AS newest_at,
    max(batches.recorded_at) AS recorded_at
FROM batches_local AS batches GROUP BY lane;

ALTER TABLE batches_local ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS read_hash String COMMENT 'BLAKE2b-128 in hexadecimal of all uncompressed bytes of the source up to last_offset; empty if unknown, and behind Kafka';

ALTER TABLE batches ON CLUSTER 'live'
    ADD COLUMN IF NOT EXISTS read_hash String COMMENT 'BLAKE2b-128 in hexadecimal of all uncompressed bytes of the source up to last_offset; empty if unknown, and behind Kafka';

CREATE TABLE stretches_local ON CLUSTER 'live' (
    session_id String COMMENT 'session',
    started_at DateTime64(3, 'UTC') COMMENT 'so from here',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'until here, exclusive; NULL while on air',
    host_ids Array(String) COMMENT 'hosts on air, sorted; at least one',
    kind LowCardinality(String) COMMENT 'human or digital if all of them are, unknown if none is registered, else mixed',
    script_ids Array(String) COMMENT 'scripts that run, each with its variant at the same place of variants',
    variants Array(String) COMMENT 'variant of each; A where none was named',
    deleted UInt8 COMMENT '1: late facts showed that nothing began here',
    batch UInt64 COMMENT 'batch that last wrote it: with any change all stretches of a session are written again'
) ENGINE = ReplicatedReplacingMergeTree(batch, deleted) ORDER BY (session_id, started_at)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000
COMMENT 'Stretches of a session with the same hosts, kinds and scripts on air; neighbours may be alike, dead air is none. Read with FINAL';

CREATE TABLE stretches ON CLUSTER 'live' AS stretches_local
ENGINE = Distributed('live', currentDatabase(), stretches_local, bitShiftRight(batch, 40))
COMMENT 'Stretches of a session with the same hosts, kinds and scripts on air; neighbours may be alike, dead air is none. Read with FINAL';

TRUNCATE TABLE stretches_local ON CLUSTER 'live';

INSERT INTO stretches (session_id, started_at, ended_at, host_ids, kind, script_ids, variants, deleted, batch)
WITH toDateTime64(9000000000, 3, 'UTC') AS never, toDateTime64(0, 3, 'UTC') AS ever,
on_air AS (
    SELECT session_id, host_id, started_at, ifNull(ended_at, never) AS stopped_at, batch FROM shifts FINAL
),
begun AS (
    SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id, occurred_at AS begun_at,
        groupUniqArray((assumeNotNull(script_id), ifNull(variant, 'A'))) AS scripts
    FROM roster_events
    WHERE type = 'script_started' AND batch GLOBAL IN (SELECT batch FROM batches)
    GROUP BY session_id, host_id, begun_at
),
registered AS (
    SELECT assumeNotNull(host_id) AS host_id, occurred_at, argMin(toString(assumeNotNull(kind)), event_id) AS first,
        argMax(toString(assumeNotNull(kind)), event_id) AS last
    FROM roster_events
    WHERE type = 'host_registered' AND batch GLOBAL IN (SELECT batch FROM batches)
    GROUP BY host_id, occurred_at
),
kinds AS (
    SELECT host_id, change.1 AS kind_at, change.2 AS kind
    FROM (
        SELECT host_id,
            arrayCompact(told -> told.2, arrayPushFront(
                arraySort(groupArrayIf((occurred_at, last), occurred_at > ever)), (ever, argMin(first, occurred_at))
            )) AS changes
        FROM registered
        GROUP BY host_id
    )
    ARRAY JOIN changes AS change
),
cuts AS (
    SELECT session_id, host_id, started_at, stopped_at, batch, started_at AS at FROM on_air
    UNION DISTINCT
    SELECT on_air.session_id, on_air.host_id, started_at, stopped_at, batch, begun_at
    FROM on_air
    INNER JOIN begun ON on_air.session_id = begun.session_id AND on_air.host_id = begun.host_id
    WHERE started_at < begun_at AND begun_at < stopped_at
    UNION DISTINCT
    SELECT on_air.session_id, on_air.host_id, started_at, stopped_at, batch, kind_at
    FROM on_air
    INNER JOIN kinds ON on_air.host_id = kinds.host_id
    WHERE started_at < kind_at AND kind_at < stopped_at
),
turns AS (
    SELECT session_id, host_id, started_at, batch, at AS from_at,
        leadInFrame(at, 1, stopped_at) OVER (
            PARTITION BY session_id, host_id, started_at ORDER BY at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS until_at
    FROM cuts
),
told AS (
    SELECT turns.session_id AS session_id, turns.host_id AS host_id, turns.batch AS batch, from_at, until_at,
        if(kinds.kind = '', 'unknown', kinds.kind) AS kind, if(begun_at >= started_at, begun.scripts, []) AS scripts
    FROM turns
    ASOF LEFT JOIN kinds ON turns.host_id = kinds.host_id AND turns.from_at >= kinds.kind_at
    ASOF LEFT JOIN begun
        ON turns.session_id = begun.session_id AND turns.host_id = begun.host_id AND turns.from_at >= begun.begun_at
),
borders AS (
    SELECT session_id, at,
        leadInFrame(at, 1, never) OVER (
            PARTITION BY session_id ORDER BY at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS next_at
    FROM (SELECT DISTINCT session_id, arrayJoin([from_at, until_at]) AS at FROM turns)
)
SELECT session_id, at, nullIf(any(next_at), never), arraySort(groupArray(host_id)),
    if(uniqExact(kind) = 1, any(kind), 'mixed'), (arraySort(arrayDistinct(groupArrayArray(scripts))) AS running).1, running.2,
    0, max(batch)
FROM borders
INNER JOIN told ON borders.session_id = told.session_id
WHERE from_at <= at AND at < until_at
GROUP BY session_id, at
SETTINGS insert_deduplicate = 0;

DROP TABLE IF EXISTS line_ups ON CLUSTER 'live';

CREATE VIEW line_ups ON CLUSTER 'live' AS
WITH shown AS (
    SELECT session_id, host_ids, kind, toStartOfMinute(started_at + INTERVAL 30 SECOND) AS start_at,
        toStartOfMinute(least(
            ifNull(ended_at, toDateTime64(9000000000, 3, 'UTC')), assumeNotNull((SELECT max(newest_at) FROM lanes))
        ) + INTERVAL 30 SECOND) AS end_at
    FROM stretches FINAL
    WHERE start_at < end_at
),
united AS (
    SELECT session_id, host_ids, kind, arraySort(groupArray(start_at)) AS starts, arraySort(groupArray(end_at)) AS ends,
        arrayFilter((start, end) -> start != end, starts, arrayPushFront(arrayPopBack(ends), toDateTime(0, 'UTC'))) AS first,
        arrayFilter((end, start) -> start != end, ends, arrayPushBack(arrayPopFront(starts), toDateTime(0, 'UTC'))) AS last
    FROM shown
    GROUP BY session_id, host_ids, kind
),
aired AS (
    SELECT session_id,
        arraySort(arrayDistinct(arrayPushFront(groupArrayArray(arrayConcat(first, last)), toDateTime(0, 'UTC')))) AS marks,
        groupArrayArray(arrayMap((start, end) -> (start, end, host_ids, kind), first, last)) AS pieces
    FROM united
    GROUP BY session_id
)
SELECT session_id, start_at, end_at, piece.3 AS host_ids, toString(piece.4) AS kind
FROM (
    SELECT session_id, start_at, end_at,
        arrayFirst(piece -> piece.1 <= start_at AND end_at <= piece.2 AND start_at < end_at, pieces) AS piece
    FROM aired
    ARRAY JOIN marks AS start_at, arrayPushBack(arrayPopFront(marks), marks[-1]) AS end_at
);
