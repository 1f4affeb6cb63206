-- underpin: allow LOSS-DROP-TABLE
-- underpin: allow LOSS-DROP-TABEL a typing mistake
-- underpin: forbid everything
-- underpin: allow TX-UNCLOSED nothing is open
CREATE TABLE d (id int PRIMARY KEY);
