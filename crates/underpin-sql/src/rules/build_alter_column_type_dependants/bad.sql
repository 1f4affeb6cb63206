-- also: COMPAT-CACHED-PLAN, META-ALTER-COLUMN-TYPE
-- proves: scans person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick varchar(20), CONSTRAINT nick_given CHECK (nick <> ''));
-- migration
ALTER TABLE person ALTER COLUMN nick TYPE text;
