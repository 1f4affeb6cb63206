-- facts: {"code": {"person.email": ["src/profile.ts:14"]}}
-- proves: answers: SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick text);
-- migration
ALTER TABLE person DROP COLUMN nick;
