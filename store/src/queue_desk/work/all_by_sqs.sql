-- One message without a source is enough: a move task fails at it.
SELECT NOT EXISTS (
    SELECT 1 FROM dead_message WHERE queue = $1 AND status = 'present' AND source_arn IS NULL
)
