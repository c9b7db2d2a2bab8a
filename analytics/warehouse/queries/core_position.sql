-- Up to where was a source read? Lines and uncompressed bytes.
SELECT max(last_position) AS last_position, max(last_offset) AS last_offset FROM batches WHERE source = {source:String}
