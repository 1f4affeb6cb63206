CREATE VIEW _prisma_migrations AS SELECT 'x'::text AS id;
