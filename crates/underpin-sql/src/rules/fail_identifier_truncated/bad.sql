-- also: BUILD-CREATE-INDEX-CONCURRENTLY
-- proves: after 63: SELECT length(relname) FROM pg_class WHERE relname LIKE 'a_name_that%'
-- given
CREATE TABLE person (id int PRIMARY KEY, a int);
-- migration
CREATE INDEX CONCURRENTLY a_name_that_is_much_longer_than_the_sixty_three_bytes_that_a_server_keeps ON person (a);
