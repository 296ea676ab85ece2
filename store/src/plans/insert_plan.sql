INSERT INTO redrive_plan (id, way, selection, hash, causes, item_count, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
