-- Fragment: the table strata: stratum (platform, hour of the day in the seller's zone, category), and for each kind net (minor
-- units, of what was sold then), watch_ms and sessions; told as `hostledger compare` does: a line-up counts for a kind if all of
-- its hosts are of it, credits for the kind of their account unless another line-up was on air, hand-overs to the whole minute.
-- selling: sessions that sell; told: up to three rows for each session, with its stretches (turns), its people (minutes) and its
-- credits by kind (sales) as arrays; rooms: one row for each session, its range cut into pieces (starts) where a line-up changes
-- and an hour begins. Credits behind the last shift belong to the hour in which it ended (marks[-1]), those before the first to
-- none. The kind of an account is that of the minute, a change of kinds being told to the nearest minute as well.
-- Time watched up to t is people x t - the sum of change x at, over all changes before t; so a piece has watched what is
-- watched up to its end less up to its start, also where nobody comes or goes; and money likewise. Minutes are laid among the
-- starts by sorting numbers: an even one for a start, which comes before the odd one of its own minute. A join that looks up the
-- piece of each minute would have to name the pieces twice.
-- What stands above many table expressions is dear to plan, the more the more columns it names: a comparison of tuples, a chain
-- of AND and OR, a key that is a function. So keys are columns here, and what is known of a session is told where it is grouped.
-- All stretches of a session are read, also behind the range, for its line-ups begin with its first and its credits end with its
-- last; people only of sessions with a shift near the range.
intDiv(toUInt32($__fromTime) + 59, 60) * 60 AS first_s,
intDiv(toUInt32($__toTime), 60) * 60 + 60 AS past_s,
selling AS (
    SELECT DISTINCT toString(session_id) AS session_id
    FROM revenue_day
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND session_id != ''
),
told AS (
    SELECT session_id, groupArray((
            toUInt32(toStartOfMinute(started_at + INTERVAL 30 SECOND)) AS at_s,
            toUInt32(toStartOfMinute(
                least(ifNull(ended_at, toDateTime64(9000000000, 3, 'UTC')), assumeNotNull((SELECT max(newest_at) FROM lanes))) + INTERVAL 30 SECOND
            )) AS until_s,
            toString(stretches.kind)
        )) AS turns,
        CAST([], 'Array(UInt64)') AS minutes, CAST([], 'Array(Int64)') AS changes, CAST([], 'Array(Int64)') AS moments,
        CAST([], 'Array(UInt64)') AS sales, CAST([], 'Array(Int128)') AS human, CAST([], 'Array(Int128)') AS digital
    FROM stretches FINAL
    WHERE session_id IN (SELECT session_id FROM shifts WHERE started_at < $__toTime + INTERVAL 1 minute)
        AND {{in_sessions}} AND at_s < until_s
    GROUP BY session_id
    UNION ALL
    SELECT session_id, [], groupArray(toUInt64(minute) * 2 + 1), groupArray(presence_minute.change),
        groupArray(presence_minute.change * toUnixTimestamp(minute) * 1000 + change_ms), [], [], []
    FROM presence_minute
    WHERE minute <= $__toTime AND session_id IN (
        SELECT session_id FROM shifts
        WHERE started_at < $__toTime + INTERVAL 1 minute AND (isNull(ended_at) OR ended_at + INTERVAL 1 minute > $__fromTime)
    )
    GROUP BY session_id
    UNION ALL
    SELECT sold.session_id, [], [], [], [], groupArray(toUInt64(sold.minute) * 2 + 1),
        groupArray(if(known.kind = 'human', sold.net, 0)), groupArray(if(known.kind = 'digital', sold.net, 0))
    FROM (
        SELECT session_id, host_id, minute, gross AS net
        FROM revenue_minute
        WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
        UNION ALL
        SELECT session_id, host_id, minute, -refunds
        FROM returns_minute
        WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
    ) AS sold
    ASOF INNER JOIN (
        SELECT host_id, argMax(roster_kinds.kind, from_at) AS kind, toStartOfMinute(from_at + INTERVAL 30 SECOND) AS from_minute
        FROM roster_kinds FINAL
        GROUP BY host_id, from_minute
    ) AS known ON sold.host_id = known.host_id AND sold.minute >= known.from_minute
    GROUP BY sold.session_id
),
rooms AS (
    SELECT told.session_id AS session_id, any(coalesce(nullIf(sessions.platform, ''), 'not told')) AS platform,
        any(coalesce(nullIf(sessions.category, ''), 'not told')) AS category,
        groupArrayArray(told.turns) AS turns, groupArrayArray(told.minutes) AS minutes,
        groupArrayArray(told.changes) AS changes, groupArrayArray(told.moments) AS moments,
        groupArrayArray(told.sales) AS sales, groupArrayArray(told.human) AS human, groupArrayArray(told.digital) AS digital,
        arraySort(arrayConcat(turns.1, turns.2)) AS marks,
        arrayMap(
            at -> toUInt32(toStartOfHour(toDateTime(at, 'UTC'), ${zone:sqlstring})),
            range(greatest(marks[1], first_s), least(marks[-1], past_s) + 1800, 1800)
        ) AS hours,
        arraySort(arrayDistinct(arrayConcat(
            [first_s, past_s], arrayFilter(at -> at > first_s AND at < past_s, arrayConcat(marks, hours))
        ))) AS starts
    FROM told
    LEFT JOIN roster_sessions AS sessions FINAL ON told.session_id = sessions.session_id
    GROUP BY session_id
    HAVING notEmpty(turns) AND (
        session_id IN (SELECT session_id FROM selling) OR any(sessions.seller_id) IN (
            SELECT sells.seller_id FROM roster_sessions AS sells FINAL WHERE sells.session_id IN (SELECT session_id FROM selling)
        )
    )
),
laid AS (
    SELECT session_id, starts,
        arrayMap(
            at -> (platform, toHour(toDateTime(least(at, marks[-1]), 'UTC'), ${zone:sqlstring}), category), starts
        ) AS alike,
        arrayMap(
            (at, kind) -> multiIf(at < marks[1], '', kind = '', 'none', kind),
            starts,
            arrayMap(at -> arrayFirst(turn -> turn.1 <= at AND at < turn.2, turns).3, starts)
        ) AS arms,
        arrayMap(start -> toUInt64(start) * 2, starts) AS borders,
        arrayConcat(borders, minutes) AS places,
        arrayConcat(borders, sales) AS sale_places,
        arraySort(places) AS sorted,
        arraySort(sale_places) AS sale_sorted,
        arrayResize([toInt64(0)], length(starts)) AS still,
        arrayResize([toInt128(0)], length(starts)) AS unsold,
        arrayCumSum(arraySort((change, place) -> place, arrayConcat(still, changes), places)) AS people,
        arrayCumSum(arraySort((moment, place) -> place, arrayConcat(still, moments), places)) AS passed,
        arrayCumSum(arraySort((net, place) -> place, arrayConcat(unsold, human), sale_places)) AS human_sum,
        arrayCumSum(arraySort((net, place) -> place, arrayConcat(unsold, digital), sale_places)) AS digital_sum
    FROM rooms
),
counted AS (
    SELECT session_id, arrayPopBack(alike) AS alikes, arrayPopBack(arms) AS kinds_on_air,
        arrayPopFront(arrayDifference(arrayMap(
            (at, people_, passed_) -> people_ * toInt64(at) * 1000 - passed_,
            starts,
            arrayFilter((_, place) -> place % 2 = 0, people, sorted),
            arrayFilter((_, place) -> place % 2 = 0, passed, sorted)
        ))) AS watches,
        arrayPopFront(arrayDifference(arrayFilter((_, place) -> place % 2 = 0, human_sum, sale_sorted))) AS human_nets,
        arrayPopFront(arrayDifference(arrayFilter((_, place) -> place % 2 = 0, digital_sum, sale_sorted))) AS digital_nets
    FROM laid
),
strata AS (
    SELECT stratum,
        sum(human_net_) AS human_net, sumIf(watch, arm = 'human') AS human_ms,
        sum(digital_net_) AS digital_net, sumIf(watch, arm = 'digital') AS digital_ms,
        uniqExactIf(session_id, human_net_ + if(arm = 'human', watch, 0) > 0) AS human_sessions,
        uniqExactIf(session_id, digital_net_ + if(arm = 'digital', watch, 0) > 0) AS digital_sessions
    FROM counted
    ARRAY JOIN alikes AS stratum, kinds_on_air AS arm, watches AS watch, human_nets AS human_net_, digital_nets AS digital_net_
    WHERE arm IN ('human', 'digital', 'none')
    GROUP BY stratum
    HAVING arrayExists(figure -> figure != 0, [human_net, human_ms, digital_net, digital_ms])
)
