-- When a batch could be queried. Batches of before are taken to have been stored when they were taken on: a default would
-- be worked out anew at every reading of their old parts.

ALTER TABLE batches${LOCAL}${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS stored_at DateTime64(3, 'UTC') COMMENT 'when its row was written, and all of it could be queried';

ALTER TABLE batches${LOCAL}${ON_CLUSTER}
    UPDATE stored_at = recorded_at WHERE stored_at = toDateTime64(0, 3, 'UTC')
    SETTINGS mutations_sync = 2;

ALTER TABLE batches${LOCAL}${ON_CLUSTER}
    MODIFY COLUMN stored_at DEFAULT now64(3);

ALTER TABLE batches${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS stored_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when its row was written, and all of it could be queried';
