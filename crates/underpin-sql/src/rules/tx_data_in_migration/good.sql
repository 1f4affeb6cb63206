-- unproven: a claim about how people deploy
-- migration
CREATE TABLE country (code text PRIMARY KEY);
INSERT INTO country VALUES ('de');
