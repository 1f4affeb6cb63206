ALTER TABLE users ALTER COLUMN age TYPE bigint;
UPDATE users SET age = 1 WHERE age IS NULL;
ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id);
