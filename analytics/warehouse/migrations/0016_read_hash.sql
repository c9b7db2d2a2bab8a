-- What was read of a source, by its bytes and not by its name alone. Batches of before have no hash.

ALTER TABLE batches${LOCAL}${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS read_hash String COMMENT 'BLAKE2b-128 in hexadecimal of all uncompressed bytes of the source up to last_offset; empty if unknown, and behind Kafka';

ALTER TABLE batches${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS read_hash String COMMENT 'BLAKE2b-128 in hexadecimal of all uncompressed bytes of the source up to last_offset; empty if unknown, and behind Kafka';
