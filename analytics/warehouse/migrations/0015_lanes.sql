-- Batches of several lanes may be stored together: one insert per table, one row each in batches. An intent names those that go
-- together, and the batches of other lanes that it takes into account, so that a second try comes to the same rows. Intents of
-- before stand alone. Workers stand still meanwhile: older ones would not know that a batch is stored together with others.
-- The last batch of each lane is kept ready, and batches are found by their time, for there is one for every second of every lane,
-- for ever.

ALTER TABLE intents${LOCAL}${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS together Array(UInt64) COMMENT 'batches to be stored together, itself among them; empty: alone. It holds if their intents all say the same',
    ADD COLUMN IF NOT EXISTS seen Array(UInt64) COMMENT 'last stored batch of each lane when it was taken on: later ones do not count, unless a record names them';

ALTER TABLE intents${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS together Array(UInt64) COMMENT 'batches to be stored together, itself among them; empty: alone. It holds if their intents all say the same',
    ADD COLUMN IF NOT EXISTS seen Array(UInt64) COMMENT 'last stored batch of each lane when it was taken on: later ones do not count, unless a record names them';

ALTER TABLE batches${LOCAL}${ON_CLUSTER}
    ADD INDEX IF NOT EXISTS taken_on recorded_at TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS done_at stored_at TYPE minmax GRANULARITY 1;

ALTER TABLE batches${LOCAL}${ON_CLUSTER}
    MATERIALIZE INDEX taken_on, MATERIALIZE INDEX done_at
    SETTINGS mutations_sync = 2;

CREATE TABLE lanes${LOCAL}${ON_CLUSTER} (
    lane UInt64 COMMENT '0: embedded, 1: roster, p + 2: partition p',
    batch SimpleAggregateFunction(max, UInt64) COMMENT 'last batch that was stored',
    newest_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'latest occurred_at of any event up to and with it',
    recorded_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'when it was taken on'
) ENGINE = ${REPLICATED}AggregatingMergeTree ORDER BY lane
SETTINGS ${DEDUPLICATION}
COMMENT 'Where lanes are, kept ready; after a crash of the server a row may be missing until the next batch';

INSERT INTO lanes${LOCAL} (lane, batch, newest_at, recorded_at)
SELECT bitShiftRight(batches.batch, 40) AS lane, max(batches.batch), max(batches.newest_at), max(batches.recorded_at)
FROM batches GROUP BY lane
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW lanes_view${ON_CLUSTER} TO lanes${LOCAL} AS
SELECT bitShiftRight(batches.batch, 40) AS lane, max(batches.batch) AS batch, max(batches.newest_at) AS newest_at,
    max(batches.recorded_at) AS recorded_at
FROM batches${LOCAL} AS batches GROUP BY lane;
