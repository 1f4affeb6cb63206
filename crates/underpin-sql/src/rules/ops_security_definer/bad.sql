-- proves: after 1: SET search_path = app, public; SELECT answer()
-- given
CREATE SCHEMA app;
CREATE TABLE setting (key text);
CREATE TABLE app.setting (key text);
INSERT INTO app.setting VALUES ('planted');
-- migration
CREATE FUNCTION answer() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM setting';
