-- migration
CREATE TABLE public.event (id bigint);
