-- One line each.
INSERT INTO order_lines (order_id, line_id, product_id, quantity, amount_minor, category, currency, session_id,
    ordered_at, batch)
SELECT order_id, '1', concat('SKU-', toString(cityHash64(order_id) % 200)), items, amount_minor, 'beauty', currency,
    session_id, ordered_at, 1
FROM orders
