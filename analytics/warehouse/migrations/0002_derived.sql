-- What the core derives from the facts, and the append-only ledger.

CREATE TABLE shifts${LOCAL}${ON_CLUSTER} (
    session_id String COMMENT 'session',
    host_id String COMMENT 'host on air',
    started_at DateTime64(3, 'UTC') COMMENT 'on air from',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'on air until, exclusive; NULL while on air',
    deleted UInt8 COMMENT '1: late facts showed that this shift was none',
    batch UInt64 COMMENT 'batch that last changed it'
) ENGINE = ${REPLICATED}ReplacingMergeTree(batch, deleted) ORDER BY (session_id, host_id, started_at)
SETTINGS ${DEDUPLICATION}
COMMENT 'Shifts: disjoint per session and host. Read with FINAL';

CREATE TABLE presence${LOCAL}${ON_CLUSTER} (
    session_id LowCardinality(String) COMMENT 'session',
    viewer_id String COMMENT 'who' CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') COMMENT 'when' CODEC(Delta(8), ZSTD(1)),
    change Int8 COMMENT '+1 begins to watch, -1 stops; the opposite sign takes a line back',
    recorded_at DateTime('UTC') COMMENT 'when its batch was taken on' CODEC(Delta(4), ZSTD(1)),
    batch UInt64 COMMENT 'batch that brought it' CODEC(Delta(8), ZSTD(1))
) ENGINE = ${REPLICATED}MergeTree PARTITION BY toYYYYMM(at) ORDER BY (session_id, at)
TTL recorded_at + INTERVAL 180 DAY
SETTINGS ${DEDUPLICATION}
COMMENT 'Who watches: signed changes. The sum up to a time is the number of people online';

CREATE TABLE order_paths${LOCAL}${ON_CLUSTER} (
    order_id String COMMENT 'order',
    session_ids Array(String) COMMENT 'session of each step',
    started_at Array(DateTime64(3, 'UTC')) COMMENT 'start of each step',
    ended_at Array(DateTime64(3, 'UTC')) COMMENT 'end of each step, exclusive',
    watched_ms Array(Int64) COMMENT 'milliseconds watched in each step',
    host_ids Array(Array(String)) COMMENT 'line-up of each step',
    batch UInt64 COMMENT 'batch that credited the order; the latest is valid'
) ENGINE = ${REPLICATED}MergeTree ORDER BY (order_id, batch)
SETTINGS index_granularity = 1024, ${DEDUPLICATION}
COMMENT 'The evidence of each credit: the steps before the order';

CREATE TABLE ledger${LOCAL}${ON_CLUSTER} (
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
) ENGINE = ${REPLICATED}MergeTree PARTITION BY toYYYYMM(booked_at) ORDER BY (order_id, model, host_id)
SETTINGS index_granularity = 1024, ${DEDUPLICATION}
COMMENT 'The append-only ledger: gross, refunds and net are three sums of the same lines';

CREATE TABLE markov_fits${LOCAL}${ON_CLUSTER} (
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
) ENGINE = ${REPLICATED}MergeTree ORDER BY fit
SETTINGS ${DEDUPLICATION}
COMMENT 'Versions of the Markov model';
