CREATE VIEW "Admin" AS SELECT "id", "email" FROM "User" WHERE "role" = 'ADMIN';
