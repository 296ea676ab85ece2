-- Ids that are computed from numbers, for wallets and for what is loaded before a run.

-- The wallet with this number: a uuid v7 of the millisecond of that number. `wallets.rs` repeats it.
CREATE FUNCTION bench_wallet_id(number bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(1735689600000 + number), 12, '0') || '70008' || lpad(to_hex(number), 15, '0'))::uuid
$$;

-- The uuid v7 of something that happened at this time; `kind` (8, 9, a or b) and number make it unique.
CREATE FUNCTION bench_id(kind text, at timestamptz, number bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (
        lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || lpad(to_hex(number % 4096), 3, '0') || kind || lpad(to_hex(number), 15, '0')
    )::uuid
$$;
