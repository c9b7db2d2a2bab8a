-- How many of these batches were stored to their end?
SELECT count() AS closed FROM batches WHERE batch IN {batches:Array(UInt64)}
