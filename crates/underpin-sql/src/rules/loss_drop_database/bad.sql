-- runner: underpin
-- proves: after 0: SELECT count(*) FROM pg_database WHERE datname = 'shop'
-- given
DROP DATABASE IF EXISTS shop;
CREATE DATABASE shop;
-- migration
DROP DATABASE shop;
