CREATE VIEW _prisma_migrations AS SELECT 1 AS id;
