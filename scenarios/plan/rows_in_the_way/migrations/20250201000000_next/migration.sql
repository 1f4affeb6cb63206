ALTER TABLE "User" ALTER COLUMN "email" SET NOT NULL;
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
ALTER TABLE "User" ADD CONSTRAINT "User_teamId_fkey" FOREIGN KEY ("teamId") REFERENCES "Team"("id");
ALTER TABLE "User" ADD CONSTRAINT "User_age_check" CHECK ("age" >= 0);
ALTER TABLE "User" ADD COLUMN "code" TEXT NOT NULL;
