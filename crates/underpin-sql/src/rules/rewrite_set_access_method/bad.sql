-- since: 15
-- server: 15
-- proves: rewrites person
-- proves: builds person
-- given
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person SET ACCESS METHOD heap2;
