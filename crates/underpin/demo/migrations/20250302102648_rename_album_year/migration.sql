-- Written by hand: generated SQL would drop "year" and lose its values.

-- RenameColumn
ALTER TABLE "Album" RENAME COLUMN "year" TO "releaseYear";
