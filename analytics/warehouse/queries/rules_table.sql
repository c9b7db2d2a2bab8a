-- Question: what does a version of the platform rules say?
-- Parameters: version.
-- Columns: row, platform, from_day, until_day (NULL: none), rule, source (of the rule), note.
SELECT row, platform, from_day, until_day, toString(rule) AS rule, source_of_rule AS source, note
FROM platform_rules
WHERE version = {version:UInt32}
ORDER BY row
