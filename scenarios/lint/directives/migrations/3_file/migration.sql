-- underpin: allow LOSS-DROP-TABLE both are empty

DROP TABLE b; -- underpin: allow COMPAT-DROP-TABLE never released
DROP TABLE c;
