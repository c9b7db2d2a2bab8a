-- Who captures the value: fee schedules and platform rules, in versions. An import is a new version and holds alone; what
-- was imported before stays, and nothing is edited.

CREATE TABLE fee_schedules${ON_CLUSTER} (
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
) ENGINE = ${EVERYWHERE} ORDER BY (version, row)
SETTINGS ${DEDUPLICATION}
COMMENT 'Fee schedules: what platforms, affiliates, hosts, avatar vendors and ads cost, and when';

CREATE TABLE platform_rules${ON_CLUSTER} (
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
) ENGINE = ${EVERYWHERE} ORDER BY (version, row)
SETTINGS ${DEDUPLICATION}
COMMENT 'What platforms and the law allow digital hosts, and when; no legal advice';

CREATE VIEW likeness_contracts${ON_CLUSTER} AS
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
