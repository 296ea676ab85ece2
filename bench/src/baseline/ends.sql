-- Beginning of both pgbench scripts: two different wallets, and in :hot of a hundred cases wallet 1 is one of them.
\set lot random(1, 100)
\set source CASE WHEN :lot * 2 <= :hot THEN 1 ELSE random(1, :wallets) END
\set destination CASE WHEN :lot * 2 > :hot AND :lot <= :hot THEN 1 ELSE random(1, :wallets) END
\set destination CASE WHEN :destination = :source THEN :source % :wallets + 1 ELSE :destination END
\set amount random(100, 999)
