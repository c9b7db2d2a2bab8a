-- Question: how many of those who came in went on to buy?
-- Columns: step (words), people (distinct, each), share (part of the viewers; NULL without viewers).
WITH came AS (
    SELECT toInt64(uniqExactArray(people_minute.viewers)) AS viewers, toInt64(uniqExactArray(people_minute.clickers)) AS clickers,
        toInt64(uniqExactArray(people_minute.carters)) AS carters
    FROM people_minute
    WHERE $__timeFilter(minute) AND {{in_sessions}}
),
bought AS (
    SELECT toInt64(uniqExactMerge(buyers)) AS buyers
    FROM orders_minute
    WHERE $__timeFilter(minute) AND session_id != '' AND {{in_sessions}}
)
SELECT stage.2 AS step, stage.3 AS people, people / nullIf(viewers, 0) AS share
FROM came
CROSS JOIN bought
ARRAY JOIN [(1, 'viewers', viewers), (2, 'product clickers', clickers), (3, 'carts', carters), (4, 'buyers', buyers)] AS stage
ORDER BY stage.1
