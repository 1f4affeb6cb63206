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
INSERT INTO "Team" VALUES (1, 'one');
INSERT INTO "User" SELECT g, CASE WHEN g % 100 = 0 THEN NULL ELSE 'u' || (g / 2) || '@example.com' END, CASE WHEN g > 990 THEN 99 ELSE 1 END, g - 5, 'free' FROM generate_series(1, 1000) g;
ANALYZE;
