DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'Post' AND column_name = 'views') THEN
    ALTER TABLE "Post" ALTER COLUMN "views" TYPE BIGINT;
  END IF;
  DELETE FROM "Note";
END
$$;
