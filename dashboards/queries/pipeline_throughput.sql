-- Question: how much arrives, and how much of it anew, spoiled or late?
-- Columns: time (begin of the step), events, repeats, rejects, restatements (per minute).
SELECT $__timeInterval(recorded_at) AS time,
    sum(batches.events) * 60 / $__interval_s AS events,
    sum(batches.repeats) * 60 / $__interval_s AS repeats,
    sum(batches.rejects) * 60 / $__interval_s AS rejects,
    sum(batches.restatements) * 60 / $__interval_s AS restatements
FROM batches
WHERE $__timeFilter(recorded_at)
GROUP BY time
ORDER BY time
