-- migration
CREATE TABLE person (id bigint);
COMMENT ON TABLE person IS 'people; personal data';
