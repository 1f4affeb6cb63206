-- facts: {"indexes": {"person_email_idx": {"scans": 91234}}}
-- proves: after Seq Scan on person: SET enable_bitmapscan = off; SET enable_seqscan = off; EXPLAIN (COSTS OFF) SELECT id FROM person WHERE email = 'a'
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE INDEX person_email_idx ON person (email);
-- migration
DROP INDEX CONCURRENTLY person_email_idx;
