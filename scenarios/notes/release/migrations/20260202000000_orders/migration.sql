ALTER TABLE person DROP COLUMN fax;
CREATE TABLE "Or`der<b>" (id int PRIMARY KEY, person_id int REFERENCES person);
ALTER TABLE visit RENAME COLUMN at TO arrived_at;
