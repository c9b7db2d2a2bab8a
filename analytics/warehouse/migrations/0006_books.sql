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
;

CREATE VIEW finance_lines${ON_CLUSTER} (
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

CREATE VIEW finance_periods${ON_CLUSTER} (
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

CREATE VIEW finance_hosts${ON_CLUSTER} (
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

CREATE VIEW finance_sellers${ON_CLUSTER} (
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

CREATE VIEW finance_corrections${ON_CLUSTER} (
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

CREATE VIEW finance_closings${ON_CLUSTER} (
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

CREATE VIEW finance_rates${ON_CLUSTER} (
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
COMMENT 'Which exchange rate holds from which day?'
