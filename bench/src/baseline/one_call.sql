-- The same work as one call of a function.
SELECT transfer_money(:source, :destination, :amount);
