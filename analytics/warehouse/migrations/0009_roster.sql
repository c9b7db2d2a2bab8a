-- The roster as the boards join it: one row per host, per change of a host's kind, per session. A view that is joined has to
-- be planned anew by every statement, which takes longer than to read it. Rows are merged by the latest event, so their order
-- does not matter and a repeat changes nothing: they are filled from the facts while workers go on. Read with FINAL; states
-- and no tuples, for FINAL would read one element of a tuple without merging it.
-- On a cluster each table is whole on all servers, for the events of a host may lie on several shards.

CREATE TABLE roster_hosts${ON_CLUSTER} (
    host_id String COMMENT 'host',
    latest AggregateFunction(argMax, Tuple(Nullable(String), Nullable(String), Nullable(String)), Tuple(DateTime64(3, 'UTC'), String))
        COMMENT 'its last registration, by time and id',
    name Nullable(String) ALIAS finalizeAggregation(latest).1 COMMENT 'host name',
    kind Nullable(String) ALIAS finalizeAggregation(latest).2 COMMENT 'human or digital',
    likeness_of Nullable(String) ALIAS finalizeAggregation(latest).3 COMMENT 'human host whose likeness a digital host is'
) ENGINE = ${EVERYWHERE_AGGREGATING} ORDER BY host_id
SETTINGS ${DEDUPLICATION}
COMMENT 'Hosts as registered last: the view hosts, kept ready';

CREATE TABLE roster_kinds${ON_CLUSTER} (
    host_id String COMMENT 'host',
    from_at DateTime64(3, 'UTC') COMMENT 'registered then; 1970: its first registration, whose kind holds before it too',
    first AggregateFunction(argMin, String, Tuple(DateTime64(3, 'UTC'), String)) COMMENT 'kind of the first event of the row',
    latest AggregateFunction(argMax, String, Tuple(DateTime64(3, 'UTC'), String)) COMMENT 'kind of the last event of the row',
    kind LowCardinality(String) ALIAS if(from_at = toDateTime64(0, 3, 'UTC'), finalizeAggregation(first), finalizeAggregation(latest))
        COMMENT 'human or digital, until the next row of the host'
) ENGINE = ${EVERYWHERE_AGGREGATING} ORDER BY (host_id, from_at)
SETTINGS ${DEDUPLICATION}
COMMENT 'Which kind a host has from when: the view host_kinds, kept ready';

CREATE TABLE roster_sessions${ON_CLUSTER} (
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
) ENGINE = ${EVERYWHERE_AGGREGATING} ORDER BY session_id
SETTINGS ${DEDUPLICATION}
COMMENT 'Sessions as known: the view sessions, kept ready';

CREATE MATERIALIZED VIEW roster_hosts_view${ON_CLUSTER} TO roster_hosts AS
SELECT assumeNotNull(roster_events.host_id) AS host_id,
    argMaxState((name, CAST(kind, 'Nullable(String)'), likeness_of), (occurred_at, event_id)) AS latest
FROM roster_events${LOCAL} AS roster_events WHERE type = 'host_registered' GROUP BY host_id;

CREATE MATERIALIZED VIEW roster_kinds_view${ON_CLUSTER} TO roster_kinds AS
SELECT assumeNotNull(roster_events.host_id) AS host_id,
    arrayJoin([toDateTime64(0, 3, 'UTC'), occurred_at]) AS from_at,
    argMinState(toString(assumeNotNull(kind)), (occurred_at, event_id)) AS first,
    argMaxState(toString(assumeNotNull(kind)), (occurred_at, event_id)) AS latest
FROM roster_events${LOCAL} AS roster_events WHERE type = 'host_registered' GROUP BY host_id, from_at;

CREATE MATERIALIZED VIEW roster_sessions_view${ON_CLUSTER} TO roster_sessions AS
SELECT assumeNotNull(roster_events.session_id) AS session_id,
    argMaxIfState(
        (CAST(platform, 'Nullable(String)'), seller_id, title, category), (occurred_at, event_id), type = 'session_started'
    ) AS latest,
    minIfOrNull(occurred_at, type = 'session_started') AS started_at,
    maxIfOrNull(occurred_at, type = 'session_ended') AS ended_at
FROM roster_events${LOCAL} AS roster_events
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
