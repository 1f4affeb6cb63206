ALTER TABLE users ADD COLUMN n int;
ALTER TABLE users ALTER COLUMN email TYPE int USING email::int;
