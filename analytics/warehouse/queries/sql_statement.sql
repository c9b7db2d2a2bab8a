-- Question: how does the engine read this statement, and which functions reach out of the warehouse?
-- Parameters: text.
-- Columns: text (the one statement, comments gone, key words in capitals), outward (names of all table functions).
SELECT formatQuerySingleLine({text:String}) AS text,
    (SELECT groupArray(lower(name)) FROM system.table_functions) AS outward
