-- Was this batch stored to its end?
SELECT count() AS closed FROM batches WHERE batch = {batch:UInt64}
