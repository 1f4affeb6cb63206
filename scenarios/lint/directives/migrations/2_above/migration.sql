-- underpin: allow LOSS-DROP-TABLE moved to the archive in May
-- underpin: allow COMPAT-DROP-TABLE no release reads it since 4.2
DROP TABLE a;
