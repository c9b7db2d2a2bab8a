-- Fragment: the tables meant: variants (of the script chosen, sorted); and tested, one row per viewer whose window is over:
-- viewer_id, exposed_at, names (the same variants), variant (what the hash gives, in equal shares), net (minor units, after
-- refunds, of what was paid in the window from the exposure on), outcome (net, capped); and of all together: everybody
-- (viewers), saw (share for whom their variant ran where they were first exposed), sample_p (chi-square test of the sizes),
-- blocked ('' or why nothing may be compared). Told as `hostledger experiment analyse --script` does.
-- runs: one row per session, ways: when which variants ran (from, until in ms UTC, variants). looked: one row per viewer and
-- session, turns: when somebody came (1) or went (-1), in order of time; sumMap leaves out what adds up to 0. complete: where
-- such a stay and a way meet first. What a statement costs here grows with the people in the rooms of the script.
meant AS (
    SELECT arraySort(groupUniqArray(ifNull(variant, 'A'))) AS variants
    FROM roster_events
    WHERE type = 'script_started' AND script_id = ${script:sqlstring}
),
begun AS (
    SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id, occurred_at AS from_at,
        groupUniqArrayIf(ifNull(variant, 'A'), script_id = ${script:sqlstring}) AS running,
        leadInFrame(occurred_at, 1, toDateTime64(9000000000, 3, 'UTC')) OVER (
            PARTITION BY session_id, host_id ORDER BY occurred_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS next_at
    FROM roster_events
    WHERE type = 'script_started' AND session_id IN (
        SELECT session_id FROM roster_events WHERE type = 'script_started' AND script_id = ${script:sqlstring}
    )
    GROUP BY session_id, host_id, occurred_at
),
runs AS (
    SELECT begun.session_id AS session_id,
        groupArray((
            toUnixTimestamp64Milli(begun.from_at), toUnixTimestamp64Milli(least(next_at, on_air.until_at)), running
        )) AS ways
    FROM begun
    INNER JOIN (
        SELECT session_id, host_id, started_at, ifNull(ended_at, toDateTime64(9000000000, 3, 'UTC')) AS until_at
        FROM shifts FINAL
    ) AS on_air ON begun.session_id = on_air.session_id AND begun.host_id = on_air.host_id
    WHERE notEmpty(running) AND on_air.started_at <= begun.from_at AND begun.from_at < on_air.until_at
    GROUP BY session_id
),
looked AS (
    SELECT viewer_id, toString(presence.session_id) AS session_id,
        sumMap([toUnixTimestamp64Milli(at)], [toInt64(presence.change)]) AS turns,
        arrayPushBack(arrayPopFront(turns.1), toInt64(9000000000000)) AS until_ms
    FROM presence
    WHERE presence.session_id IN (
        SELECT assumeNotNull(session_id) FROM roster_events WHERE type = 'script_started' AND script_id = ${script:sqlstring}
    )
    GROUP BY viewer_id, session_id
),
complete AS (
    SELECT viewer_id, fromUnixTimestamp64Milli(arrayMin(met.1), 'UTC') AS exposed_at,
        exposed_at + toIntervalSecond(toInt64OrZero(${window:sqlstring})) AS window_until,
        arrayFlatten(arrayFilter(one -> one.1 = arrayMin(met.1), met).2) AS seen
    FROM (
        SELECT viewer_id, groupArray((greatest(turns.1[place], way.1), way.3)) AS met
        FROM (
            SELECT viewer_id, turns, way, arrayFirstIndex(
                    (from_ms, turn, until_) -> turn > 0 AND from_ms < way.2 AND way.1 < until_, turns.1, turns.2, until_ms
                ) AS place
            FROM looked
            INNER JOIN runs ON looked.session_id = runs.session_id
            ARRAY JOIN ways AS way
        )
        WHERE place > 0
        GROUP BY viewer_id
    )
    WHERE window_until <= (SELECT max(newest_at) FROM lanes)
),
exposed AS (
    SELECT complete.viewer_id AS viewer_id, exposed_at, (SELECT variants FROM meant) AS names,
        reinterpretAsUInt64(
            reverse(substring(SHA256(concat(${script:sqlstring}, char(31), complete.viewer_id)), 1, 8))
        ) AS place,
        names[1 + toUInt64(bitShiftRight(toUInt128(place) * length(names), 64))] AS variant,
        toUInt64(has(seen, variant)) AS saw_it,
        arrayFilter(order -> order.1 >= exposed_at AND order.1 < window_until, bought.orders) AS counted,
        length(counted) AS orders, toInt64(arraySum(counted.2)) AS net
    FROM complete
    LEFT JOIN (
        SELECT viewer_id, groupArray((ordered_at, greatest(amount_minor - ifNull(back.returned, 0), 0))) AS orders
        FROM orders AS paid
        LEFT JOIN (
            SELECT order_id, sum(amount_minor) AS returned
            FROM refunds
            WHERE currency = ${currency:sqlstring}
            GROUP BY order_id
        ) AS back ON paid.order_id = back.order_id
        WHERE paid.currency = ${currency:sqlstring} AND paid.ordered_at >= (
            SELECT min(occurred_at) FROM roster_events WHERE type = 'script_started' AND script_id = ${script:sqlstring}
        )
        GROUP BY viewer_id
    ) AS bought ON complete.viewer_id = bought.viewer_id
),
sized AS (
    SELECT *, count() OVER (PARTITION BY variant) AS arm, count() OVER () AS everybody,
        sum(saw_it) OVER () / everybody AS saw, uniqExact(variant) OVER () AS arms,
        quantileExactInclusiveIf(0.99)(toFloat64(net), net > 0) OVER () AS cap,
        if(net > 0, least(toFloat64(net), cap), 0.) AS outcome
    FROM exposed
),
tested AS (
    SELECT *, length(names) * sum(arm) OVER () / everybody - everybody AS chi2, min(arm) OVER () AS smallest,
        length(names) - 1 AS freedom, freedom % 2 / 2 AS odd,
        if(odd > 0, erfc(sqrt(chi2 / 2)), 0.) + exp(-chi2 / 2) * arraySum(
            i -> pow(chi2 / 2, i + odd) / tgamma(i + odd + 1), range(toUInt64(intDiv(freedom, 2)))
        ) AS sample_p,
        multiIf(
            freedom < 1, 'one', sample_p < 0.001, 'sizes', saw < 0.9, 'hash', arms <= freedom, 'few', smallest < 2, 'few',
            sum(orders) OVER () = 0, 'unsold', ''
        ) AS blocked
    FROM sized
)
