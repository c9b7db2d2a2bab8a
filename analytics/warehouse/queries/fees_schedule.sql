-- Question: what does a version of the fee schedule say?
-- Parameters: version.
-- Columns: as in fee_schedules, from row to note.
SELECT row, toString(fee) AS fee, platform, seller_id, host_id, host_kind, currency, from_day, until_day, bps, base,
    refundable, amount_minor, tiers, note
FROM fee_schedules
WHERE version = {version:UInt32}
ORDER BY row
