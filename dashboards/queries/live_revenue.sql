-- Question: what was sold when, by the kind of host?
-- Columns: time (begin of the step), kind (human, digital, unknown, unattributed), gmv (money of the step).
WITH {{credited}}
SELECT $__timeInterval(minute) AS time, kind, toDecimal128(sum(gross), 4) / {{units}} AS gmv
FROM credited
WHERE {{chosen}}
GROUP BY time, kind
HAVING sum(gross) != 0
ORDER BY time, kind
