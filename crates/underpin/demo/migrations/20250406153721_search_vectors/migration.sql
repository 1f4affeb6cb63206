-- AlterTable
ALTER TABLE "Album" ADD COLUMN     "searchVector" tsvector;

-- AlterTable
ALTER TABLE "Track" ADD COLUMN     "searchVector" tsvector;

-- CreateFunction
CREATE FUNCTION "update_search_vector"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."searchVector" := to_tsvector('simple', NEW."title");
    RETURN NEW;
END
$$;

-- CreateTrigger
CREATE TRIGGER "Album_searchVector" BEFORE INSERT OR UPDATE OF "title" ON "Album"
    FOR EACH ROW EXECUTE FUNCTION "update_search_vector"();

-- CreateTrigger
CREATE TRIGGER "Track_searchVector" BEFORE INSERT OR UPDATE OF "title" ON "Track"
    FOR EACH ROW EXECUTE FUNCTION "update_search_vector"();

-- Existing rows
UPDATE "Album" SET "searchVector" = to_tsvector('simple', "title");
UPDATE "Track" SET "searchVector" = to_tsvector('simple', "title");

-- CreateIndex
CREATE INDEX "Album_searchVector_idx" ON "Album" USING GIN ("searchVector");

-- CreateIndex
CREATE INDEX "Track_searchVector_idx" ON "Track" USING GIN ("searchVector");
