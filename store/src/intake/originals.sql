-- What the taken keys stand for. A join, because = ANY under a generic plan reads every partition.
SELECT taken.key_hash, original.payload_hash, original.resource_id
FROM unnest($1::uuid[]) AS taken (key_hash)
JOIN idempotency_key AS original ON original.key_hash = taken.key_hash
