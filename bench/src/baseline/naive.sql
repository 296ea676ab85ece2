-- One transaction of eight statements. Both wallets are locked in the order of their ids, so it cannot deadlock; the
-- funds are checked by the debit itself.
BEGIN;
INSERT INTO transfer (key, source, destination, amount, status) VALUES (gen_random_uuid(), :source, :destination, :amount, 0) RETURNING id AS transfer \gset
SELECT id FROM wallet WHERE id IN (:source, :destination) ORDER BY id FOR NO KEY UPDATE;
UPDATE wallet SET balance = balance - :amount, version = version + 1 WHERE id = :source AND balance >= :amount;
UPDATE wallet SET balance = balance + :amount, version = version + 1 WHERE id = :destination;
INSERT INTO posting (transfer_id, wallet_id, amount) VALUES (:transfer, :source, -:amount::bigint);
INSERT INTO posting (transfer_id, wallet_id, amount) VALUES (:transfer, :destination, :amount);
INSERT INTO outbox (transfer_id, payload) VALUES (:transfer, jsonb_build_object('id', :transfer::bigint, 'source', :source::bigint, 'destination', :destination::bigint, 'amount', :amount::bigint, 'status', 'settled'));
UPDATE transfer SET status = 1, updated_at = now() WHERE id = :transfer;
COMMIT;
