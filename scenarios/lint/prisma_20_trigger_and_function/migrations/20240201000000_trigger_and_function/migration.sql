-- CreateFunction
CREATE OR REPLACE FUNCTION set_slug() RETURNS trigger AS $$
BEGIN
  NEW."slug" := lower(NEW."title");
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;

-- CreateTrigger
CREATE TRIGGER post_slug BEFORE INSERT ON "Post" FOR EACH ROW EXECUTE FUNCTION set_slug();
