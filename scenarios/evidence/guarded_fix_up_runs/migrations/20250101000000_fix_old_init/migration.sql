DO $$ BEGIN
  IF EXISTS (SELECT FROM information_schema.tables WHERE table_name = 'User') THEN
    ALTER TABLE "User" ADD COLUMN IF NOT EXISTS "email" TEXT;
  END IF;
END $$;
