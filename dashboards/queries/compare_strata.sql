-- Question: what does a viewer-hour bring under human and under digital hosts, like beside like?
-- Columns: platform, hour (of the seller's zone), category, human and digital (net per viewer-hour, money), difference (money),
--   human_hours and digital_hours (viewer-hours), human_sessions and digital_sessions (count); the most traffic first.
WITH {{compare_strata}}
SELECT stratum.1 AS platform, concat(leftPad(toString(stratum.2), 2, '0'), ':00') AS hour, stratum.3 AS category,
    toDecimal128(if(human_ms > 0, round(toFloat64(human_net) * 3600000 / greatest(human_ms, 1)), NULL), 4) / {{units}} AS human,
    toDecimal128(if(digital_ms > 0, round(toFloat64(digital_net) * 3600000 / greatest(digital_ms, 1)), NULL), 4) / {{units}}
        AS digital,
    digital - human AS difference,
    human_ms / 3600000 AS human_hours,
    digital_ms / 3600000 AS digital_hours,
    toInt64(human_sessions) AS human_sessions,
    toInt64(digital_sessions) AS digital_sessions
FROM strata
ORDER BY human_ms + digital_ms DESC, stratum
