-- Question: what did two arms earn and how were they watched, by session, hour of the seller and host?
-- A line-up belongs to an arm if all of its hosts do; one that mixes them is `other`, as are hosts of neither. Credits belong
-- to the arm of their account, unless a line-up of `other` was on air. Hand-overs count to the whole minute.
-- pieces: line-ups cut at hours, first of all the time before the first shift, whose credits are left out. Each minute belongs
-- to the piece begun last; the kind of an account is that of the minute, a change of kinds being told to the nearest minute too.
-- known_ms: the last registration of any host up to then, so that money is added up before it is joined to kinds.
-- rooms, came, entered: one row for each session, with its pieces and its minutes as arrays in order of time. Two sorted arrays
-- are laid beside each other at half the price of a join that looks up the piece of each minute.
-- Parameters: model, currency, by (kind or host), control and treated (a kind or a host id each), zone,
--   from_ms and until_ms (half-open), counting (1: views too, which are read from a table of their own).
-- Columns: session_id, hour_ms (begin of the hour in the zone, ms UTC), arm (control, treated, other), host_id ('' where several
--   were on air), live_ms, watch_ms, views (people in the room when the arm begins + room entries), gross_minor and
--   refunds_minor (of what was sold in the hour; exact decimals), orders (that list the arm, co-hosts once; whole numbers are
--   added up first and divided last, so that it is the same to the last digit in whatever order rows come).
WITH (SELECT arraySort(groupUniqArray(toUnixTimestamp64Milli(from_at))) FROM roster_kinds FINAL) AS registered_ms,
aired AS (
    SELECT session_id FROM shifts
    WHERE started_at < fromUnixTimestamp64Milli({until_ms:Int64})
        AND (isNull(ended_at) OR ended_at > fromUnixTimestamp64Milli({from_ms:Int64}))
),
pieces AS (
    SELECT line_ups.session_id AS session_id, toUInt32(greatest(toUInt32(start_at), hour)) AS from_s,
        if(hour = 0, toUInt32(end_at), toUInt32(least(toUInt32(end_at), hour + 3600))) AS until_s, hour,
        multiIf(empty(host_ids), [], {by:String} = 'kind', [kind], host_ids) AS members,
        multiIf(
            empty(members), 'none',
            arrayAll(member -> member = {control:String}, members), 'control',
            arrayAll(member -> member = {treated:String}, members), 'treated',
            'other'
        ) AS arm,
        length(host_ids) AS hosts,
        if(hosts = 1, host_ids[1], '') AS host_id
    FROM line_ups
    ARRAY JOIN if(
        toUInt32(start_at) = 0,
        [toUInt32(0)],
        range(toUInt32(toStartOfHour(start_at, {zone:String})), greatest(toUInt32(end_at), toUInt32(start_at) + 1), 3600)
    ) AS hour
    WHERE session_id IN (SELECT session_id FROM aired)
),
rooms AS (
    SELECT session_id, arraySort(groupArray((from_s, until_s, hour, arm, host_id))) AS stretches,
        arrayMap(stretch -> stretch.1, stretches) AS starts, arrayMap(stretch -> stretch.4, stretches) AS arms
    FROM pieces
    GROUP BY session_id
),
came AS (
    SELECT session_id, groupArray(toUInt32(minute)) AS found, arraySort(found) AS minutes,
        arraySort((change, at_s) -> at_s, groupArray(presence_minute.change), found) AS changes,
        arraySort(
            (moment, at_s) -> at_s, groupArray(presence_minute.change * toUnixTimestamp(minute) * 1000 + change_ms), found
        ) AS moments
    FROM presence_minute
    WHERE session_id IN (SELECT session_id FROM aired)
    GROUP BY session_id
),
entered AS (
    SELECT session_id, groupArray(toUInt32(minute)) AS found, arraySort(found) AS minutes,
        arraySort((entry, at_s) -> at_s, groupArray(toInt64(views)), found) AS entries
    FROM activity_minute
    WHERE {counting:UInt8} = 1 AND session_id IN (SELECT session_id FROM aired)
    GROUP BY session_id
),
changed AS (
    SELECT rooms.session_id AS session_id, stretches, arms,
        arrayMap(start -> toUInt64(arrayCount(at_s -> at_s < start, came.minutes)), starts) AS before,
        arrayMap(
            (first, next) -> (first + 1, toUInt64(next - first)),
            before,
            arrayPushBack(arrayPopFront(before), length(came.minutes))
        ) AS places,
        arrayReduceInRanges('sum', places, came.changes) AS changes,
        arrayReduceInRanges('sum', places, came.moments) AS moments,
        arrayMap(start -> toUInt64(arrayCount(at_s -> at_s < start, entered.minutes)), starts) AS before_entries,
        arrayReduceInRanges(
            'sum',
            arrayMap(
                (first, next) -> (first + 1, toUInt64(next - first)),
                before_entries,
                arrayPushBack(arrayPopFront(before_entries), length(entered.minutes))
            ),
            entered.entries
        ) AS entries
    FROM came
    RIGHT JOIN rooms ON came.session_id = rooms.session_id
    LEFT JOIN entered ON rooms.session_id = entered.session_id
),
watched AS (
    SELECT session_id, stretch.3 AS hour, stretch.4 AS arm, stretch.5 AS host_id,
        toInt64(stretch.2 - stretch.1) * 1000 AS live_ms, people_after - change AS people,
        people * live_ms + change * toInt64(stretch.2) * 1000 - moment AS watch_ms,
        entry + if(arm != arm_before, people, 0) AS views
    FROM changed
    ARRAY JOIN stretches AS stretch, changes AS change, moments AS moment, entries AS entry,
        arrayCumSum(changes) AS people_after, arrayPushFront(arrayPopBack(arms), '') AS arm_before
),
booked AS (
    SELECT session_id, host_id, toUInt32(minute) AS at_s, gross, toInt128(0) AS refunds, orders
    FROM revenue_minute
    WHERE model = {model:String} AND currency = {currency:String} AND host_id NOT IN ('unattributed', 'excess_refund')
        AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}) AND minute < fromUnixTimestamp64Milli({until_ms:Int64})
    UNION ALL
    SELECT session_id, host_id, toUInt32(minute), toInt128(0), refunds, 0
    FROM returns_minute
    WHERE model = {model:String} AND currency = {currency:String} AND host_id NOT IN ('unattributed', 'excess_refund')
        AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}) AND minute < fromUnixTimestamp64Milli({until_ms:Int64})
),
earned AS (
    SELECT toString(booked.session_id) AS session_id, toString(booked.host_id) AS account, pieces.from_s AS from_s,
        roundDown(toInt64(booked.at_s) * 1000 + 29999, arrayConcat([toInt64(0)], registered_ms)) AS known_ms,
        any(pieces.hour) AS hour, any(pieces.arm) AS on_air, any(pieces.hosts) AS hosts,
        sum(booked.gross) AS gross, sum(booked.refunds) AS refunds, sum(booked.orders) AS orders
    FROM booked
    ASOF INNER JOIN pieces ON booked.session_id = pieces.session_id AND booked.at_s >= pieces.from_s
    GROUP BY session_id, account, from_s, known_ms
),
credited AS (
    SELECT earned.session_id AS session_id, hour,
        if({by:String} = 'kind', if(host_kinds.kind = '', 'unknown', toString(host_kinds.kind)), account) AS member,
        multiIf(
            on_air = 'other', 'other',
            member = {control:String}, 'control',
            member = {treated:String}, 'treated',
            'other'
        ) AS arm,
        if(hosts > 1, '', account) AS host_id, gross, refunds, orders, if(arm = on_air, hosts, 1) AS listed
    FROM earned
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL
        ON earned.account = host_kinds.host_id AND fromUnixTimestamp64Milli(earned.known_ms, 'UTC') >= host_kinds.from_at
),
lines AS (
    SELECT session_id, hour, arm, host_id, live_ms, watch_ms, views, toInt128(0) AS gross, toInt128(0) AS refunds,
        toInt64(0) AS orders, toUInt64(1) AS listed
    FROM watched
    WHERE arm != 'none'
    UNION ALL
    SELECT session_id, hour, arm, host_id, 0, 0, 0, gross, refunds, orders, listed
    FROM credited
)
SELECT session_id, toInt64(hour) * 1000 AS hour_ms, arm, host_id,
    sum(lines.live_ms) AS live_ms, sum(lines.watch_ms) AS watch_ms, sum(lines.views) AS views,
    toDecimal128(sum(lines.gross), 0) AS gross_minor, toDecimal128(sum(lines.refunds), 0) AS refunds_minor,
    arraySum((among, times) -> times / among, (sumMap([lines.listed], [lines.orders]) AS shared).1, shared.2) AS orders
FROM lines
WHERE hour > 0 AND hour_ms >= {from_ms:Int64} AND hour_ms < {until_ms:Int64}
GROUP BY session_id, hour, arm, host_id
