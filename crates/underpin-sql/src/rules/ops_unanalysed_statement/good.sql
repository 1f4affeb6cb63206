-- unproven: the table of effects is measured by `cargo xtask lock-matrix`
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN x int;
