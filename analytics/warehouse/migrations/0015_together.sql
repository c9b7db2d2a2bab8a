-- Batches of several lanes may be stored together: one insert per table, one row each in batches. Intents of before stand alone.

ALTER TABLE intents${LOCAL}${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS together Array(UInt64) COMMENT 'batches to be stored together, itself among them; empty: alone. It holds if their intents all say the same';

ALTER TABLE intents${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS together Array(UInt64) COMMENT 'batches to be stored together, itself among them; empty: alone. It holds if their intents all say the same';
