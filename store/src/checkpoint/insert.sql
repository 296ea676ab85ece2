INSERT INTO balance_checkpoint (
    seq, boundary, boundary_at, made_at, transfer_count, entry_count, posting_count, line_count,
    totals, lines_hash, prev_hash, hash
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
