-- Question: what was stored in all?
-- Columns: batches, events, repeats, rejects, restatements, frozen (counts).
SELECT toInt64(count()) AS batches, toInt64(sum(batches.events)) AS events, toInt64(sum(batches.repeats)) AS repeats,
    toInt64(sum(batches.rejects)) AS rejects, toInt64(sum(batches.restatements)) AS restatements,
    toInt64(sum(batches.frozen)) AS frozen
FROM batches
