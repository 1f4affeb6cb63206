CREATE TABLE users (id int PRIMARY KEY, name text);
INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Edsger');
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);
INSERT INTO orders VALUES (1, 1);
SELECT pg_stat_force_next_flush();
