-- unproven: a claim about how people deploy
-- given
CREATE TABLE country (code text PRIMARY KEY);
-- migration
INSERT INTO country VALUES ('de');
