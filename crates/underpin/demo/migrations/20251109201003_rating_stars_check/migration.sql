-- Written by hand: Prisma's schema has no CHECK constraints.

-- AddCheck
ALTER TABLE "Rating" ADD CONSTRAINT "Rating_stars_check" CHECK ("stars" BETWEEN 1 AND 5);
