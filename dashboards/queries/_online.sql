-- Fragment, common table expressions: people online over the sessions chosen, minute by minute up to the newest event.
-- Columns of audience: minute (from the one before the range on), online (people at its end).
moved AS (
    SELECT greatest(presence_minute.minute, toStartOfMinute($__fromTime) - INTERVAL 1 minute) AS at,
        sum(presence_minute.change) AS people
    FROM presence_minute
    WHERE presence_minute.minute <= $__toTime AND {{in_sessions}}
    GROUP BY at
    UNION ALL
    SELECT toStartOfMinute($__fromTime) - INTERVAL 1 minute AS at, 0 AS people
),
summed AS (
    SELECT at, sum(sum(people)) OVER (ORDER BY at) AS people FROM moved GROUP BY at
),
audience AS (
    SELECT at AS minute, people AS online
    FROM summed
    ORDER BY minute WITH FILL TO $__toTime + INTERVAL 1 second STEP INTERVAL 1 minute INTERPOLATE (online AS online)
)
