-- CreateView
CREATE VIEW "AlbumOverview" AS
SELECT
    album."id" AS "albumId",
    album."title",
    artist."name" AS "artistName",
    album."releaseYear",
    count(track."id") AS "trackCount",
    coalesce(sum(track."durationMs"), 0) AS "durationMs"
FROM "Album" album
JOIN "Artist" artist ON artist."id" = album."artistId"
LEFT JOIN "Track" track ON track."albumId" = album."id"
GROUP BY album."id", album."title", artist."name", album."releaseYear";
