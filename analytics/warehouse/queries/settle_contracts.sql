-- Question: what are the likeness contracts, each as it was last told?
-- Columns: contract_id, host_id (the digital host), owner, valid_from_ms, valid_to_ms (ms UTC, half-open), fee_minor (minor
--   units), currency, royalty_bps (of net), platforms, categories (empty: all), label_required.
SELECT assumeNotNull(contract_id) AS contract_id, host_id, owner, toUnixTimestamp64Milli(valid_from) AS valid_from_ms,
    toUnixTimestamp64Milli(valid_to) AS valid_to_ms, fee_minor, toString(currency) AS currency, royalty_bps, platforms,
    categories, ifNull(label_required, false) AS label_required
FROM likeness_contracts
ORDER BY contract_id
