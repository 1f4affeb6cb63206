SELECT 1;
-- c
SELEC 2; /* open