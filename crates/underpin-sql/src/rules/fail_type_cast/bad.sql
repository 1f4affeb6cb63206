-- also: COMPAT-CACHED-PLAN, COMPAT-TYPE-CHANGE, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- proves: fails 22P02
-- given
CREATE TABLE person (id int PRIMARY KEY, age text);
INSERT INTO person VALUES (1, 'old');
-- migration
ALTER TABLE person ALTER COLUMN age TYPE int USING age::int;
