-- Fragment: the table strata: platform, hour (of the day, of the seller's zone), category, and for each kind net (minor units, of
-- what was sold then), watch_ms and sessions; told as `hostledger compare` does: a line-up counts for a kind if all of its
-- hosts are of it, credits for the kind of their account unless another line-up was on air, hand-overs to the whole minute.
-- selling: sessions that sell; told: shifts (until_s > 0), people (who = '') and credits of the range as rows; rooms: one row for
-- each session, its range cut into pieces (starts) where a line-up changes and an hour begins. Credits behind the last shift
-- belong to the hour in which it ended (marks[-1]), those before the first to none.
-- Time watched up to t is people x t - the sum of change x at, over all changes before t; so a piece has watched what is
-- watched up to its end less up to its start, also where nobody comes or goes. Minutes are laid among the starts by sorting
-- numbers: an even one for a start, which comes before the odd one of its own minute. A join that looks up the piece of each
-- minute would have to name the pieces twice.
-- All shifts of a session are read, for its line-ups begin with its first; people only of sessions with a shift near the range.
intDiv(toUInt32($__fromTime) + 59, 60) * 60 AS first_s,
intDiv(toUInt32($__toTime), 60) * 60 + 60 AS past_s,
selling AS (
    SELECT DISTINCT toString(session_id) AS session_id
    FROM revenue_day
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND session_id != ''
),
kinds AS (
    SELECT host_id, kind, from_at AS kind_from,
        leadInFrame(from_at, 1, toDateTime64(9000000000, 3, 'UTC')) OVER (
            PARTITION BY host_id ORDER BY from_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS kind_until
    FROM roster_kinds FINAL
),
told AS (
    SELECT aired.session_id AS session_id,
        toUInt32(toStartOfMinute(greatest(started_at, kind_from) + INTERVAL 30 SECOND)) AS at_s,
        toUInt32(toStartOfMinute(if(kinds.kind = '', stopped_at, least(stopped_at, kind_until)) + INTERVAL 30 SECOND)) AS until_s,
        if(kinds.kind = '', 'unknown', toString(kinds.kind)) AS who, toInt128(0) AS net,
        toInt64(0) AS change, toInt64(0) AS moment
    FROM (
        SELECT session_id, host_id, started_at,
            ifNull(ended_at, assumeNotNull((SELECT max(newest_at) FROM lanes))) AS stopped_at
        FROM shifts FINAL
        WHERE started_at < $__toTime + INTERVAL 1 minute AND {{in_sessions}} AND session_id IN (
            SELECT session_id FROM selling
            UNION ALL
            SELECT assumeNotNull(known.session_id) FROM roster_sessions AS known FINAL WHERE known.seller_id IN (
                SELECT sells.seller_id FROM roster_sessions AS sells FINAL
                WHERE sells.session_id IN (SELECT session_id FROM selling)
            )
        )
    ) AS aired
    LEFT JOIN kinds ON aired.host_id = kinds.host_id
    UNION ALL
    SELECT session_id, toUInt32(minute), 0, '', 0,
        presence_minute.change, presence_minute.change * toUnixTimestamp(minute) * 1000 + change_ms
    FROM presence_minute
    WHERE minute <= $__toTime AND session_id IN (
        SELECT session_id FROM shifts
        WHERE started_at < $__toTime + INTERVAL 1 minute AND (isNull(ended_at) OR ended_at + INTERVAL 1 minute > $__fromTime)
    )
    UNION ALL
    SELECT session_id, toUInt32(minute), 0, host_id, gross, 0, 0
    FROM revenue_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
    UNION ALL
    SELECT session_id, toUInt32(minute), 0, host_id, 0 - refunds, 0, 0
    FROM returns_minute
    WHERE model = ${model:sqlstring} AND currency = ${currency:sqlstring} AND $__timeFilter(minute)
),
rooms AS (
    SELECT session_id, groupArrayIf((at_s, until_s, who), until_s > at_s) AS turns,
        groupArrayIf(at_s, who = '') AS minutes, groupArrayIf(told.change, who = '') AS changes,
        groupArrayIf(told.moment, who = '') AS moments,
        groupArrayIf((at_s, who, told.net), who != '' AND until_s = 0) AS credits,
        arraySort(arrayConcat(turns.1, turns.2)) AS marks,
        arrayMap(
            at -> toUInt32(toStartOfHour(toDateTime(at, 'UTC'), ${zone:sqlstring})),
            range(greatest(marks[1], first_s), least(marks[-1], past_s) + 1800, 1800)
        ) AS hours,
        arraySort(arrayDistinct(arrayConcat(
            [first_s, past_s], arrayFilter(at -> at > first_s AND at < past_s, arrayConcat(marks, hours))
        ))) AS starts
    FROM told
    GROUP BY session_id
    HAVING notEmpty(turns) AND (notEmpty(minutes) OR notEmpty(credits))
),
laid AS (
    SELECT session_id, marks, starts, credits,
        arrayMap(at -> arrayDistinct(arrayFilter(turn -> turn.1 <= at AND at < turn.2, turns).3), starts) AS line_ups,
        arrayMap(
            (at, on_air) -> multiIf(at < marks[1], '', empty(on_air), 'none', length(on_air) = 1, on_air[1], 'mixed'),
            starts,
            line_ups
        ) AS arms,
        arrayResize([toInt64(0)], length(starts)) AS still,
        arrayConcat(arrayMap(start -> start * 2, starts), arrayMap(at -> toUInt64(at) * 2 + 1, minutes)) AS places,
        arraySort(places) AS sorted,
        arrayCumSum(arraySort((change, place) -> place, arrayConcat(still, changes), places)) AS people,
        arrayCumSum(arraySort((moment, place) -> place, arrayConcat(still, moments), places)) AS passed
    FROM rooms
),
counted AS (
    SELECT session_id, marks, starts, arms, credits,
        arrayPopFront(arrayDifference(arrayMap(
            (at, people_, passed_) -> people_ * toInt64(at) * 1000 - passed_,
            starts,
            arrayFilter((_, place) -> place % 2 = 0, people, sorted),
            arrayFilter((_, place) -> place % 2 = 0, passed, sorted)
        ))) AS watches
    FROM laid
),
cells AS (
    SELECT session_id, toStartOfHour(toDateTime(cell.1, 'UTC'), ${zone:sqlstring}) AS hour_at,
        sum(cell.4) AS net, sum(cell.5) AS watch_ms,
        if(cell.3 = '' OR cell.2 IN ('', 'mixed', 'unknown'), cell.2, toString(host_kinds.kind)) AS arm
    FROM (
        SELECT session_id, arrayJoin(arrayConcat(
            arrayMap(
                (at, arm, watch) -> (least(at, marks[-1]), arm, '', toInt128(0), watch),
                arrayPopBack(starts),
                arrayPopBack(arms),
                watches
            ),
            arrayMap(
                (credit, number) -> (least(starts[number], marks[-1]), arms[number], credit.2, credit.3, toInt64(0)),
                credits,
                arrayMap(at -> arrayCount(start -> start <= at, starts), credits.1)
            )
        )) AS cell, cell.3 AS host_id, toDateTime64(cell.1 + 30, 3, 'UTC') AS known_at
        FROM counted
    ) AS found
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL ON found.host_id = host_kinds.host_id AND found.known_at >= host_kinds.from_at
    GROUP BY session_id, hour_at, arm
    HAVING arm IN ('human', 'digital') AND (net, watch_ms) != (0, 0)
),
strata AS (
    SELECT coalesce(nullIf(toString(sessions.platform), ''), 'not told') AS platform,
        concat(leftPad(toString(toHour(hour_at, ${zone:sqlstring})), 2, '0'), ':00') AS hour,
        coalesce(nullIf(sessions.category, ''), 'not told') AS category,
        sumIf(cells.net, arm = 'human') AS human_net, sumIf(cells.watch_ms, arm = 'human') AS human_ms,
        sumIf(cells.net, arm = 'digital') AS digital_net, sumIf(cells.watch_ms, arm = 'digital') AS digital_ms,
        uniqExactIf(cells.session_id, arm = 'human') AS human_sessions,
        uniqExactIf(cells.session_id, arm = 'digital') AS digital_sessions
    FROM cells
    LEFT JOIN roster_sessions AS sessions FINAL ON cells.session_id = sessions.session_id
    GROUP BY platform, hour, category
)
