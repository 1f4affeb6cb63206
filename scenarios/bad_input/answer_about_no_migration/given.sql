CREATE TABLE "User" (
    "id" INTEGER NOT NULL,
    "email" TEXT,
    "plan" TEXT,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
