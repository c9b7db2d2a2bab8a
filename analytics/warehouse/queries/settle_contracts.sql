-- Question: what are the likeness contracts, each as it was last told; for a closed month as it was known when that was
-- closed, or as it was first told after?
-- Parameters: period (the month if it is closed, '' if it is open).
-- Columns: contract_id, host_id (the digital host), owner, valid_from_ms, valid_to_ms (ms UTC, half-open), fee_minor (minor
--   units), currency, royalty_bps (of net), platforms, categories (empty: all), label_required.
WITH pins AS (
    SELECT lane, last_batch FROM closings WHERE closings.period = {period:String}
),
told AS (
    SELECT assumeNotNull(roster_events.contract_id) AS contract_id, roster_events.occurred_at AS occurred_at,
        roster_events.event_id AS event_id, {period:String} = '' OR roster_events.batch <= pins.last_batch AS is_known,
        if(is_known, 0, -toInt64(roster_events.batch)) AS earliness,
        tuple(
            host_id, owner, toUnixTimestamp64Milli(valid_from), toUnixTimestamp64Milli(valid_to), fee_minor,
            toString(currency), royalty_bps, platforms, categories, ifNull(label_required, false)
        ) AS terms
    FROM roster_events
    LEFT JOIN pins ON bitShiftRight(roster_events.batch, 40) = pins.lane
    WHERE roster_events.type = 'likeness_contracted'
),
latest AS (
    SELECT contract_id, argMax(terms, (is_known, earliness, occurred_at, event_id)) AS stands
    FROM told
    GROUP BY contract_id
)
SELECT contract_id, stands.1 AS host_id, stands.2 AS owner, stands.3 AS valid_from_ms, stands.4 AS valid_to_ms,
    stands.5 AS fee_minor, stands.6 AS currency, stands.7 AS royalty_bps, stands.8 AS platforms, stands.9 AS categories,
    stands.10 AS label_required
FROM latest
ORDER BY contract_id
