CREATE TABLE kept (i int);
COMMIT;
CREATE TABLE lost (i int);
SELECT 1/0;
