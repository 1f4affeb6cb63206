CREATE TABLE "User" (
    "id" INTEGER NOT NULL,
    "email" TEXT,
    "plan" TEXT,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "Plan" (
    "name" TEXT NOT NULL,

    CONSTRAINT "Plan_pkey" PRIMARY KEY ("name")
);
INSERT INTO "Plan" ("name") VALUES ('free'), ('pro');
