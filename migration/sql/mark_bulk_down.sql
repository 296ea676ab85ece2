ALTER TABLE saga_open DROP COLUMN bulk;
