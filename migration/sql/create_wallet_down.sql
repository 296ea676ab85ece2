DROP TABLE wallet_balance;
DROP TABLE wallet;
