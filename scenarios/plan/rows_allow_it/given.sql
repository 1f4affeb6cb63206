CREATE TABLE "Team" (
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "Team_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "User" (
    "id" INTEGER NOT NULL,
    "email" TEXT,
    "teamId" INTEGER,
    "age" INTEGER,
    "plan" TEXT,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
