-- Transfers of which reversals have taken back more, or hold it, than is counted: another reversal could take it again.
SELECT
    coalesce(s.original, r.transfer_id)::text AS id,
    format('%s is counted, reversals have %s', coalesce(r.reversed_minor, 0), s.taken_minor) AS detail
FROM (
    SELECT
        (terms #>> '{reverses,transfer_id}')::uuid AS original,
        sum(CASE status WHEN 'settled' THEN amount_minor ELSE hold_minor END) AS taken_minor
    FROM transfer
    WHERE kind = 'reversal'
    GROUP BY 1
) AS s
LEFT JOIN transfer_reversal AS r ON r.transfer_id = s.original
WHERE s.taken_minor > coalesce(r.reversed_minor, 0)
