CREATE TABLE after (id integer);
