-- The books by period: what was closed and when, the figures of then, dated exchange rates, and the views of finance.
-- A closing pins the batches of every lane. A line that no closing of its own time holds counts in the first period that
-- was not closed without it: later facts never change the figures of a closed period.

CREATE TABLE closings${ON_CLUSTER} (
    period LowCardinality(String) COMMENT 'month closed, as in 2026-10',
    period_start DateTime64(3, 'UTC') COMMENT 'first instant of the month in the zone',
    period_end DateTime64(3, 'UTC') COMMENT 'first instant after it; the next period begins here',
    zone LowCardinality(String) COMMENT 'time zone of the seller, the same for all periods',
    closed_at DateTime64(3, 'UTC') COMMENT 'when it was closed',
    lane UInt64 COMMENT 'lane of the batches: batch = lane x 2^40 + number',
    after_batch UInt64 COMMENT 'last batch of the lane in the closing before; lane x 2^40 for none',
    last_batch UInt64 COMMENT 'last batch of the lane in this closing: all its lines up to here are in it'
) ENGINE = ${EVERYWHERE} ORDER BY (period_start, lane)
SETTINGS ${DEDUPLICATION}
COMMENT 'Closed periods: one row per period and lane; a period is closed by one insert';

CREATE TABLE closed_figures${ON_CLUSTER} (
    period LowCardinality(String) COMMENT 'month closed, as in 2026-10',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    model LowCardinality(String) COMMENT 'attribution model',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    seller_id LowCardinality(String) COMMENT 'seller of the session as known at the closing; empty: none or unknown',
    gross Decimal(38, 0) COMMENT 'credited sales that count in the period, minor units',
    refunds Decimal(38, 0) COMMENT 'credited refunds that count in it, minor units, positive; of excess_refund negative',
    earlier Decimal(38, 0) COMMENT 'the part of gross - refunds that corrects periods closed before, minor units',
    lines UInt64 COMMENT 'ledger lines summed'
) ENGINE = ${EVERYWHERE} ORDER BY (period, currency, model, host_id, seller_id)
SETTINGS ${DEDUPLICATION}
COMMENT 'What the books said when a period was closed: the evidence that nothing of it has changed since';

CREATE TABLE rates${ON_CLUSTER} (
    rate_date Date COMMENT 'day from which the rate holds, until the next one',
    from_currency LowCardinality(String) COMMENT 'ISO 4217 code of the amount',
    to_currency LowCardinality(String) COMMENT 'ISO 4217 code of the reporting currency',
    version UInt32 COMMENT 'from 1; another rate for the same day and pair is a new version',
    rate Decimal(38, 18) COMMENT 'units of to_currency for one unit of from_currency, exact',
    source String COMMENT 'file it was read from',
    known_at DateTime64(3, 'UTC') COMMENT 'when it was imported'
) ENGINE = ${EVERYWHERE} ORDER BY (from_currency, to_currency, rate_date, version)
SETTINGS ${DEDUPLICATION}
COMMENT 'Dated exchange rates; nothing is edited';

CREATE VIEW posted_lines${ON_CLUSTER} (
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
