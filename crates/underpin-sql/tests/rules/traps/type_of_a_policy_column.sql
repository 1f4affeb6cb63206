-- also: COMPAT-CACHED-PLAN, FAIL-DEPENDENT-OBJECT, FAIL-TYPE-CAST, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- proves: fails 0A000
-- given
CREATE TABLE e (id int, owner text);
CREATE POLICY p ON e USING (owner = current_user);
-- migration
ALTER TABLE e ALTER COLUMN owner TYPE varchar(80);
