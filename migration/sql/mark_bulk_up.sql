-- Bulk work runs behind all other work, so how much of it waits, and for how long, says nothing
-- about whether a single transfer will be run in time.
ALTER TABLE saga_open ADD COLUMN bulk boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN saga_open.bulk IS 'It came with many others and may wait behind what came alone; never changed.';
