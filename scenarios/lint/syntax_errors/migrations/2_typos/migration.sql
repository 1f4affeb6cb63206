-- ünder the umlaut
ALTER TABLE a ADD COLUMN y text, ADD COLUMN, ADD COLUMN z text;

DROP TABLE a;
SELECT 'never ended;
