CREATE TABLE "Event" (id serial PRIMARY KEY, at timestamp(3));
