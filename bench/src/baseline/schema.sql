-- What a careful programmer writes by hand for one transfer: its own tables, no saga, no retries, no journal entries,
-- and integers for ids, which are cheaper than the uuids of the service.
CREATE TABLE wallet (
    id bigint PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0),
    version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
CREATE TABLE transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key uuid NOT NULL UNIQUE,
    source bigint NOT NULL,
    destination bigint NOT NULL,
    amount bigint NOT NULL,
    status smallint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE TABLE posting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id bigint NOT NULL,
    wallet_id bigint NOT NULL,
    amount bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX posting_wallet_id_id_idx ON posting (wallet_id, id);
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id bigint NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The same work in one round trip.
CREATE FUNCTION transfer_money(from_wallet bigint, to_wallet bigint, money bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO transfer (key, source, destination, amount, status)
    VALUES (gen_random_uuid(), from_wallet, to_wallet, money, 0) RETURNING id INTO new_id;
    PERFORM 1 FROM wallet WHERE id IN (from_wallet, to_wallet) ORDER BY id FOR NO KEY UPDATE;
    UPDATE wallet SET balance = balance - money, version = version + 1 WHERE id = from_wallet AND balance >= money;
    IF NOT FOUND THEN
        UPDATE transfer SET status = 2, updated_at = now() WHERE id = new_id;
        RETURN new_id;
    END IF;
    UPDATE wallet SET balance = balance + money, version = version + 1 WHERE id = to_wallet;
    INSERT INTO posting (transfer_id, wallet_id, amount) VALUES (new_id, from_wallet, -money), (new_id, to_wallet, money);
    INSERT INTO outbox (transfer_id, payload) VALUES (
        new_id, jsonb_build_object('id', new_id, 'source', from_wallet, 'destination', to_wallet, 'amount', money, 'status', 'settled'));
    UPDATE transfer SET status = 1, updated_at = now() WHERE id = new_id;
    RETURN new_id;
END
$$;
