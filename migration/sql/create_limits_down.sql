ALTER TABLE saga_open DROP COLUMN limit_day;
ALTER TABLE wallet_balance DROP COLUMN limited;
DROP TABLE owner_setting, limit_window, transfer_limit;
