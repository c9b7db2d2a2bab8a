-- Question: what is left after refunds?
-- Columns: net, refunds (money).
WITH {{credited}}
SELECT toDecimal128(sum(credited.gross) - sum(credited.refunds), 4) / {{units}} AS net,
    toDecimal128(sum(credited.refunds), 4) / {{units}} AS refunds
FROM credited
WHERE {{chosen}}
