-- Question: which views does finance have, what does each answer, and what are its columns?
-- Columns: view (name), question (words), name (column), type (ClickHouse type), meaning (words, with units).
SELECT columns.table AS view, views.comment AS question, columns.name AS name, columns.type AS type,
    columns.comment AS meaning
FROM system.columns AS columns
INNER JOIN system.tables AS views ON columns.database = views.database AND columns.table = views.name
WHERE columns.database = currentDatabase() AND startsWith(columns.table, 'finance_')
ORDER BY view, columns.position
