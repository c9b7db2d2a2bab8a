-- Fragment, common table expressions: kinds_from(minute), the millisecond UTC of the last registration of any host up to a
-- minute, 0 for none. No kind changes from there to the minute, so money is added up first and joined to kinds when it is little.
(
    SELECT arraySort(groupUniqArray(toUnixTimestamp64Milli(from_at))) FROM roster_kinds FINAL
) AS registered_ms,
(minute) -> roundDown(toInt64(toUnixTimestamp(minute)) * 1000, arrayConcat([toInt64(0)], registered_ms)) AS kinds_from
