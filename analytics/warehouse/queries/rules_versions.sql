-- Question: which versions of the platform rules were imported, and when?
-- Columns: version, rows (count), source, digest, imported_ms (ms UTC).
SELECT version, toInt64(count()) AS rows, any(source) AS source, any(digest) AS digest,
    toUnixTimestamp64Milli(max(imported_at)) AS imported_ms
FROM platform_rules
GROUP BY version
ORDER BY version
