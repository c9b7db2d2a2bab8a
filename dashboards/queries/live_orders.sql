-- Question: how many orders were paid, and how much is one on average?
-- Columns: orders (count; where a host or a kind is chosen, orders that list it, once for each host), average (money,
--   rounded half to even; NULL without orders).
WITH {{credited}}
SELECT
    if(
        {{everybody}}, (SELECT toInt64(sum(orders_minute.orders)) FROM orders_minute WHERE {{paid}}),
        sumIf(credited.orders, {{chosen}})
    ) AS orders,
    toDecimal128(roundBankers(toDecimal256(sumIf(gross, {{chosen}}), 14) / nullIf(orders, 0)), 4) / {{units}} AS average
FROM credited
