-- given
CREATE TABLE post (id int PRIMARY KEY, body text);
-- migration
create unique index on post using btree (lower(body));
