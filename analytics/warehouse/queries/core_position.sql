-- Up to where was a source read? Lines, uncompressed bytes and the hash of these, once for each hash: files of one name may differ.
SELECT max(last_position) AS lines, max(last_offset) AS bytes, read_hash FROM batches WHERE source = {source:String}
GROUP BY read_hash ORDER BY bytes, read_hash
