-- Question: how do the sessions compare? The 100 with the highest GMV; orders paid in none are a row of their own.
-- Columns: session (title), platform, seller, gmv, net (money), orders (count), live (seconds with somebody on air),
--   viewers (distinct people who came in), watch_time (seconds per viewer, from the session's begin to the range's end),
--   digital_share, unattributed_share (parts of the GMV; NULL without sales), session_id ('' outside).
-- so_far: people since the begin of sessions that began before the range; those of others are the viewers of the range.
-- met: sessions with people, somebody on air or a sale in the range; first_minute: when the first of them had people, so that
-- nothing older is read, however long the history.
WITH {{credited}},
{{turns}},
{{watched}},
met AS (
    SELECT people_minute.session_id AS session_id FROM people_minute WHERE $__timeFilter(people_minute.minute)
    UNION ALL
    SELECT shifts.session_id FROM shifts WHERE isNull(ended_at) OR ended_at > $__fromTime
    UNION ALL
    SELECT orders_minute.session_id FROM orders_minute WHERE $__timeFilter(orders_minute.minute)
),
(SELECT min(presence_minute.minute) FROM presence_minute WHERE session_id IN (SELECT session_id FROM met)) AS first_minute,
begun AS (
    SELECT people_minute.session_id AS session_id
    FROM people_minute
    WHERE people_minute.minute >= first_minute AND people_minute.minute < $__fromTime
),
figures AS (
    SELECT session_id,
        map(
            'listed', toInt128(1), 'gross', sumIf(gross, {{chosen}}), 'refunds', sumIf(refunds, {{chosen}}),
            'orders', if({{everybody}}, 0, toInt128(sumIf(credited.orders, {{chosen}}))), 'whole', sum(credited.gross),
            'digital', sumIf(credited.gross, kind = 'digital'),
            'unattributed', sumIf(credited.gross, kind = 'unattributed')
        ) AS figure
    FROM credited
    GROUP BY session_id
    UNION ALL
    SELECT toString(orders_minute.session_id),
        map('listed', toInt128(1), 'orders', if({{everybody}}, toInt128(sum(orders_minute.orders)), 0))
    FROM orders_minute
    WHERE {{paid}}
    GROUP BY orders_minute.session_id
    UNION ALL
    SELECT session_id, map('listed', toInt128(1), 'live_ms', toInt128(intervalLengthSum(start_ms, end_ms)))
    FROM turns
    WHERE start_ms < end_ms
    GROUP BY session_id
    UNION ALL
    SELECT toString(people_minute.session_id),
        map(
            'listed', toInt128(countIf($__timeFilter(minute))),
            'viewers', toInt128(uniqExactArrayIf(people_minute.viewers, $__timeFilter(minute))),
            'so_far', toInt128(uniqExactArrayIf(people_minute.viewers, session_id IN (SELECT session_id FROM begun)))
        )
    FROM people_minute
    WHERE minute >= first_minute AND minute <= $__toTime AND {{in_sessions}}
        AND people_minute.session_id IN (SELECT session_id FROM met)
    GROUP BY people_minute.session_id
    UNION ALL
    SELECT session_id, map('watch_ms', toInt128(so_far_ms)) FROM watched
),
summed AS (
    SELECT session_id, sumMap(figure) AS figures FROM figures GROUP BY session_id HAVING figures['listed'] > 0
)
SELECT multiIf(summed.session_id = '', 'outside sessions', ifNull(nullIf(sessions.title, ''), summed.session_id)) AS session,
    sessions.platform AS platform, sessions.seller_id AS seller,
    toDecimal128(figures['gross'], 4) / {{units}} AS gmv,
    toDecimal128(figures['gross'] - figures['refunds'], 4) / {{units}} AS net,
    toInt64(figures['orders']) AS orders,
    toInt64(figures['live_ms']) / 1000 AS live,
    toInt64(figures['viewers']) AS viewers,
    toInt64(figures['watch_ms']) / 1000 / nullIf(toInt64(greatest(figures['viewers'], figures['so_far'])), 0) AS watch_time,
    toFloat64(figures['digital']) / nullIf(toFloat64(figures['whole']), 0) AS digital_share,
    toFloat64(figures['unattributed']) / nullIf(toFloat64(figures['whole']), 0) AS unattributed_share,
    summed.session_id AS session_id
FROM summed
LEFT JOIN roster_sessions AS sessions FINAL ON summed.session_id = sessions.session_id
ORDER BY gmv DESC, session_id
LIMIT 100
