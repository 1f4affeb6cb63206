-- also: COMPAT-CACHED-PLAN, COMPAT-TYPE-CHANGE, OPS-UNANALYSED-STATEMENT
-- runner: prisma
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint;
