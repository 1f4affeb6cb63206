-- migration
CREATE TABLE "User" (id bigint);
