-- Fragment, behind finance_credited: the table by_session: money of the chosen accounts and paid orders (session_id, currency,
-- gross, refunds in minor units, orders, listed: orders that list a chosen account).
by_session AS (
    SELECT session_id, currency, gross, refunds, toInt64(0) AS orders, credited.orders AS listed
    FROM credited
    WHERE {{hosts_chosen}}
    UNION ALL
    SELECT toString(session_id), toString(currency), toInt128(0), toInt128(0), toInt64(orders_minute.orders), 0
    FROM orders_minute
    WHERE $__timeFilter(minute) AND {{in_sessions}}
)
