-- How often journeys go from one state to another, kept as sums. Those that ended in an order follow the evidence of its credits:
-- a row of order_paths says which way it takes the place of, so that the old transitions are taken back as the new ones are
-- added. Those of people who never bought are counted anew by every fit, which adds what has changed. The rollup is filled from
-- the evidence; workers stand still meanwhile. A repeat after a crash begins with an empty table again.

ALTER TABLE order_paths${LOCAL}${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid; 1970 in rows of before this column';

ALTER TABLE order_paths${LOCAL}${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS former_host_ids Array(Array(String)) COMMENT 'line-ups of the evidence that this takes the place of; empty: none';

ALTER TABLE order_paths${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid; 1970 in rows of before this column';

ALTER TABLE order_paths${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS former_host_ids Array(Array(String)) COMMENT 'line-ups of the evidence that this takes the place of; empty: none';

CREATE TABLE transitions_quarter${LOCAL}${ON_CLUSTER} (
    memory UInt8 COMMENT 'how many line-ups a state remembers: 1, 2, 3',
    quarter DateTime('UTC') COMMENT 'quarter of an hour of the order that the whole journey ended in',
    source LowCardinality(String) COMMENT 'state: line-ups joined by 0x1E, their hosts by 0x1F; or 0x02 start',
    target LowCardinality(String) COMMENT 'next state, or 0x02 conversion',
    times Int64 COMMENT 'how often'
) ENGINE = ${REPLICATED}SummingMergeTree PARTITION BY toYYYYMM(quarter) ORDER BY (memory, quarter, source, target)
SETTINGS ${DEDUPLICATION}
COMMENT 'Transitions of the journeys that ended in an order, by the time of the order';

CREATE TABLE lost_transitions${LOCAL}${ON_CLUSTER} (
    memory UInt8 COMMENT 'how many line-ups a state remembers: 1, 2, 3',
    quarter DateTime('UTC') COMMENT 'quarter of an hour in which the last step of the whole journey ended',
    source LowCardinality(String) COMMENT 'state: line-ups joined by 0x1E, their hosts by 0x1F; or 0x02 start',
    target LowCardinality(String) COMMENT 'next state, or 0x02 null',
    times Int64 COMMENT 'how much more often than the fit before had counted; negative: less',
    batch UInt64 COMMENT 'batch of the fit that counted' CODEC(Delta(8), ZSTD(1))
) ENGINE = ${REPLICATED}MergeTree PARTITION BY toYYYYMM(quarter) ORDER BY (memory, quarter, source, target)
SETTINGS ${DEDUPLICATION}
COMMENT 'Transitions of the journeys of people who never bought: signed changes, their sum is as of the latest fit';

TRUNCATE TABLE transitions_quarter${LOCAL}${ON_CLUSTER};

INSERT INTO transitions_quarter${LOCAL}
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

CREATE MATERIALIZED VIEW transitions_quarter_view${ON_CLUSTER} TO transitions_quarter${LOCAL} AS
SELECT memory, quarter, way.1 AS source, way.2 AS target, sum(sign) AS times
FROM (
    SELECT quarter, sign, memory, arrayMap(
            place -> arrayStringConcat(arraySlice(names, greatest(place - memory + 1, 1), least(memory, place)), '\x1e'),
            arrayEnumerate(names)
        ) AS states
    FROM (
        SELECT toStartOfFifteenMinutes(ordered_at) AS quarter, walked.1 AS sign,
            arrayMap(lineup -> arrayStringConcat(lineup, '\x1f'), walked.2) AS names
        FROM order_paths${LOCAL} AS order_paths
        ARRAY JOIN [(toInt64(1), host_ids), (toInt64(-1), former_host_ids)] AS walked
        WHERE notEmpty(walked.2)
    )
    ARRAY JOIN [1, 2, 3] AS memory
)
ARRAY JOIN arrayZip(arrayPushFront(states, '\x02start'), arrayPushBack(states, '\x02conversion')) AS way
GROUP BY memory, quarter, source, target
HAVING times != 0;
