-- Question: how much was sold, and to how many people?
-- Columns: gmv (money), buyers (distinct people; NULL where a host or a kind is chosen).
WITH {{credited}}
SELECT toDecimal128(sumIf(gross, {{chosen}}), 4) / {{units}} AS gmv,
    if({{everybody}}, (SELECT toInt64(uniqExactMerge(buyers)) FROM orders_minute WHERE {{paid}}), NULL) AS buyers
FROM credited
