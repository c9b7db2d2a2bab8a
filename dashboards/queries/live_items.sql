-- Question: how many pieces were sold?
-- Columns: items (pieces, of whole sessions; NULL where a host or a kind is chosen), per_order (pieces; NULL without).
SELECT if({{everybody}}, toInt64(sum(orders_minute.items)), NULL) AS items,
    items / nullIf(sum(orders_minute.orders), 0) AS per_order
FROM orders_minute
WHERE {{paid}}
