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
SELECT stage.1 AS step, stage.2 AS people, people / nullIf(viewers, 0) AS share
FROM came
CROSS JOIN bought
ARRAY JOIN [('viewers', viewers), ('product clickers', clickers), ('carts', carters), ('buyers', buyers)] AS stage
