-- Fragment: the tables meant: variants (of the script chosen, sorted); and tested, one row per viewer whose window is over:
-- viewer_id, exposed_at, names (the same variants), variant (what the hash gives, in equal shares), net (minor units, after
-- refunds, of what was paid in the window from the exposure on), outcome (net, capped); and of all together: everybody
-- (viewers), saw (share for whom their variant ran where they were first exposed), sample_p (chi-square test of the sizes),
-- blocked ('' or why nothing may be compared). Told as `hostledger experiment analyse --script` does.
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
    SELECT begun.session_id AS session_id, begun.from_at AS run_from, least(next_at, on_air.until_at) AS run_until, running
    FROM begun
    INNER JOIN (
        SELECT session_id, host_id, started_at, ifNull(ended_at, toDateTime64(9000000000, 3, 'UTC')) AS until_at
        FROM shifts FINAL
    ) AS on_air ON begun.session_id = on_air.session_id AND begun.host_id = on_air.host_id
    WHERE notEmpty(running) AND on_air.started_at <= begun.from_at AND begun.from_at < on_air.until_at
),
looked AS (
    SELECT viewer_id, session_id, changed_at AS watch_from, turn,
        leadInFrame(changed_at, 1, toDateTime64(9000000000, 3, 'UTC')) OVER (
            PARTITION BY viewer_id, session_id ORDER BY changed_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS watch_until
    FROM (
        SELECT viewer_id, toString(presence.session_id) AS session_id, at AS changed_at,
            sum(toInt64(presence.change)) AS turn
        FROM presence
        WHERE presence.session_id IN (SELECT session_id FROM runs)
        GROUP BY viewer_id, session_id, changed_at
        HAVING turn != 0
    )
),
first_met AS (
    SELECT viewer_id, greatest(watch_from, run_from) AS exposed_at, groupUniqArrayArray(running) AS seen
    FROM looked
    INNER JOIN runs ON looked.session_id = runs.session_id
    WHERE turn > 0 AND watch_from < run_until AND run_from < watch_until
    GROUP BY viewer_id, exposed_at
    ORDER BY viewer_id, exposed_at
    LIMIT 1 BY viewer_id
),
complete AS (
    SELECT viewer_id, exposed_at, exposed_at + toIntervalSecond(toInt64OrZero(${window:sqlstring})) AS window_until, seen
    FROM first_met
    WHERE window_until <= (SELECT max(newest_at) FROM batches)
),
bought AS (
    SELECT paid.viewer_id AS viewer_id, count() AS orders, sum(greatest(paid.amount_minor - ifNull(back.returned, 0), 0)) AS net
    FROM orders AS paid
    INNER JOIN complete ON paid.viewer_id = complete.viewer_id
    LEFT JOIN (
        SELECT order_id, sum(amount_minor) AS returned
        FROM refunds
        WHERE currency = ${currency:sqlstring}
        GROUP BY order_id
    ) AS back ON paid.order_id = back.order_id
    WHERE paid.currency = ${currency:sqlstring} AND paid.ordered_at >= exposed_at AND paid.ordered_at < window_until
    GROUP BY viewer_id
),
exposed AS (
    SELECT complete.viewer_id AS viewer_id, exposed_at, (SELECT variants FROM meant) AS names,
        reinterpretAsUInt64(
            reverse(substring(SHA256(concat(${script:sqlstring}, char(31), complete.viewer_id)), 1, 8))
        ) AS place,
        names[1 + toUInt64(bitShiftRight(toUInt128(place) * length(names), 64))] AS variant,
        toUInt64(has(seen, variant)) AS saw_it,
        toInt64(bought.net) AS net, bought.orders AS orders
    FROM complete
    LEFT JOIN bought ON complete.viewer_id = bought.viewer_id
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
