CREATE TABLE "User" (
    "id" INTEGER NOT NULL,
    "email" TEXT,
    "plan" TEXT,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "User" ADD COLUMN "city" TEXT;
CREATE INDEX "User_plan_idx" ON "User"("plan");
