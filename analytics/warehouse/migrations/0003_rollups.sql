-- Rollups: views over the facts and the ledger, per minute. Their targets keep the de-duplication window too.

CREATE TABLE activity_minute${LOCAL}${ON_CLUSTER} (
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
) ENGINE = ${REPLICATED}AggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (session_id, minute)
SETTINGS ${DEDUPLICATION}
COMMENT 'What viewers did, per session and minute';

CREATE MATERIALIZED VIEW activity_minute_view${ON_CLUSTER} TO activity_minute${LOCAL} AS
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
FROM viewer_events${LOCAL} AS viewer_events GROUP BY session_id, minute;

CREATE TABLE presence_minute${LOCAL}${ON_CLUSTER} (
    session_id LowCardinality(String) COMMENT 'session',
    minute DateTime('UTC') COMMENT 'minute of the change',
    change Int64 COMMENT 'people online after the minute minus before it',
    change_ms Int64 COMMENT 'sum of change x milliseconds since the minute began: exact watch time from sums'
) ENGINE = ${REPLICATED}SummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (session_id, minute)
SETTINGS ${DEDUPLICATION}
COMMENT 'People online: the running sum of change per session';

CREATE MATERIALIZED VIEW presence_minute_view${ON_CLUSTER} TO presence_minute${LOCAL} AS
SELECT session_id, toStartOfMinute(at) AS minute, sum(toInt64(presence.change)) AS change,
    sum(toInt64(presence.change) * (toUnixTimestamp64Milli(at) % 60000)) AS change_ms
FROM presence${LOCAL} AS presence GROUP BY session_id, minute;

CREATE TABLE revenue_minute${LOCAL}${ON_CLUSTER} (
    model LowCardinality(String) COMMENT 'attribution model',
    minute DateTime('UTC') COMMENT 'minute of booked_at',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    gross Int128 COMMENT 'credited sales, minor units',
    refunds Int128 COMMENT 'credited refunds, minor units, positive',
    orders Int64 COMMENT 'orders that list the host'
) ENGINE = ${REPLICATED}SummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (model, minute, currency, session_id, host_id)
SETTINGS ${DEDUPLICATION}
COMMENT 'Credited money per model, minute, session and host, in minor units per currency';

CREATE MATERIALIZED VIEW revenue_minute_view${ON_CLUSTER} TO revenue_minute${LOCAL} AS
SELECT model, toStartOfMinute(booked_at) AS minute, currency, session_id, host_id,
    sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
    -sumIf(toInt128(amount_minor), isNotNull(refund_id)) AS refunds,
    sumIf(toInt64(sign), isNull(refund_id)) AS orders
FROM ledger${LOCAL} AS ledger GROUP BY model, minute, currency, session_id, host_id;

CREATE TABLE orders_minute${LOCAL}${ON_CLUSTER} (
    minute DateTime('UTC') COMMENT 'minute of ordered_at',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    orders SimpleAggregateFunction(sum, UInt64) COMMENT 'paid orders',
    items SimpleAggregateFunction(sum, Int64) COMMENT 'pieces sold',
    gmv SimpleAggregateFunction(sum, Int128) COMMENT 'paid order amounts, minor units',
    buyers AggregateFunction(uniqExact, String) COMMENT 'distinct viewers with an order'
) ENGINE = ${REPLICATED}AggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (minute, currency, session_id)
SETTINGS ${DEDUPLICATION}
COMMENT 'Paid orders per minute, independent of any attribution';

CREATE MATERIALIZED VIEW orders_minute_view${ON_CLUSTER} TO orders_minute${LOCAL} AS
SELECT toStartOfMinute(ordered_at) AS minute, currency, ifNull(orders.session_id, '') AS session_id,
    count() AS orders, sum(orders.items) AS items, sum(toInt128(amount_minor)) AS gmv, uniqExactState(viewer_id) AS buyers
FROM orders${LOCAL} AS orders GROUP BY minute, currency, session_id;

CREATE TABLE products_minute${LOCAL}${ON_CLUSTER} (
    minute DateTime('UTC') COMMENT 'minute of ordered_at',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    product_id LowCardinality(String) COMMENT 'what was bought',
    quantity SimpleAggregateFunction(sum, Int64) COMMENT 'pieces sold',
    gmv SimpleAggregateFunction(sum, Int128) COMMENT 'line totals, minor units'
) ENGINE = ${REPLICATED}AggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (minute, currency, session_id, product_id)
SETTINGS ${DEDUPLICATION}
COMMENT 'Products sold per minute';

CREATE MATERIALIZED VIEW products_minute_view${ON_CLUSTER} TO products_minute${LOCAL} AS
SELECT toStartOfMinute(ordered_at) AS minute, currency, ifNull(order_lines.session_id, '') AS session_id, product_id,
    sum(order_lines.quantity) AS quantity, sum(toInt128(amount_minor)) AS gmv
FROM order_lines${LOCAL} AS order_lines GROUP BY minute, currency, session_id, product_id;
