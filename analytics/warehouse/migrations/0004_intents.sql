-- What the lanes of the distributed path write down before they do it: Kafka is their journal, this is its index.
-- A batch number is lane x 2^40 + number in the lane; lane 0 is the embedded path, 1 the roster, p + 2 partition p.

CREATE TABLE intents${LOCAL}${ON_CLUSTER} (
    batch UInt64 COMMENT 'batch to come; the first intent for a number stands',
    kind LowCardinality(String) COMMENT 'events: records of the source; fit: a new Markov fit; adopt: restate by the fit named',
    source String COMMENT 'topic and partition, as in hostledger.events-3',
    first_position UInt64 COMMENT 'first offset',
    last_offset UInt64 COMMENT 'offset behind the last one; first_position for none',
    roster_batch UInt64 COMMENT 'last batch of the roster that it stands on',
    fit UInt32 COMMENT 'version of the Markov fit that it stands on; 0: none',
    newest_ms Int64 COMMENT 'event time reached elsewhere, milliseconds UTC; 0: not asked, more records wait',
    recorded_at DateTime64(3, 'UTC') COMMENT 'when it was taken on'
) ENGINE = ${REPLICATED}MergeTree ORDER BY batch
SETTINGS index_granularity = 256, ${DEDUPLICATION}
COMMENT 'Intents of batches; one without a row in batches is unfinished';
