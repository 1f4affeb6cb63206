-- proves: after 37: SELECT length(relname) FROM pg_class WHERE relname LIKE 'a_name_of%'
-- given
CREATE TABLE person (id int PRIMARY KEY, a int);
-- migration
CREATE INDEX CONCURRENTLY a_name_of_less_than_sixty_three_bytes ON person (a);
