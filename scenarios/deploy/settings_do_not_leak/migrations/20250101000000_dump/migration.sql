SELECT pg_catalog.set_config('search_path', '', false);
SET lock_timeout = '1ms';
SET ROLE scenario_owner;
CREATE TABLE public.before (id integer);
