CREATE TABLE "Plan" (
    "name" TEXT NOT NULL,

    CONSTRAINT "Plan_pkey" PRIMARY KEY ("name")
);
