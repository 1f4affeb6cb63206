-- proves: after 0: SET search_path = app, public; SELECT answer()
-- given
CREATE SCHEMA app;
CREATE TABLE setting (key text);
CREATE TABLE app.setting (key text);
INSERT INTO app.setting VALUES ('planted');
-- migration
CREATE FUNCTION answer() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT count(*) FROM public.setting';
