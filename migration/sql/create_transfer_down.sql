DROP TABLE idempotency_key;
DROP TABLE transfer_leg;
DROP TABLE transfer;
