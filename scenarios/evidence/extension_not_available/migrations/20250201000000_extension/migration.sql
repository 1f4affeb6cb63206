CREATE EXTENSION IF NOT EXISTS "no_such_extension";
