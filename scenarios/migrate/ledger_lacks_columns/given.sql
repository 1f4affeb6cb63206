CREATE TABLE _prisma_migrations (id integer);
