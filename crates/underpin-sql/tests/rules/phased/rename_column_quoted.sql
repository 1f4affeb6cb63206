-- proves: meanwhile bob bob: INSERT INTO app."User" (id, "userName") VALUES (2, 'bob'); SELECT "userName" || ' ' || "fullName" FROM app."User" WHERE id = 2
-- proves: meanwhile eve eve: INSERT INTO app."User" (id, "fullName") VALUES (3, 'eve'); SELECT "userName" || ' ' || "fullName" FROM app."User" WHERE id = 3
-- proves: meanwhile ida ida: UPDATE app."User" SET "userName" = 'ida' WHERE id = 2; SELECT "userName" || ' ' || "fullName" FROM app."User" WHERE id = 2
-- proves: meanwhile max max: UPDATE app."User" SET "fullName" = 'max' WHERE id = 3; SELECT "userName" || ' ' || "fullName" FROM app."User" WHERE id = 3
-- proves: after ada 7: SELECT "fullName" || ' ' || rank FROM app."User"
-- given
CREATE SCHEMA app;
CREATE TABLE app."User" (id int PRIMARY KEY, "userName" varchar(40) NOT NULL DEFAULT 'x' CHECK ("userName" <> ''), rank int DEFAULT 3);
CREATE UNIQUE INDEX "User_userName_key" ON app."User" ("userName");
CREATE INDEX u ON app."User" (lower("userName"), rank DESC);
INSERT INTO app."User" VALUES (1, 'ada', 7);
-- migration
ALTER TABLE app."User" RENAME COLUMN "userName" TO "fullName";
