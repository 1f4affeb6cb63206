-- Lumen in production, as "other means" left it.
--
-- Nobody ever ran `prisma migrate deploy` here. The first server was set up from a schema script,
-- and every release since was followed by hand. The schema is what migrations 1 to 29 produce:
-- every name, type, default and rule is the same. Only the physical order of some columns is not,
-- since the operator grouped by topic what the migrations appended. Migration 30 is not in effect,
-- and there is no "_prisma_migrations" table to say any of this.
--
-- Load it into an empty database, with psql or as one message. No randomness, no clock: every
-- load gives the same rows. Order: types, tables, view, triggers, rows, keys, indexes, foreign keys.

------------------------------------------------------------------------------------------------
-- Types
------------------------------------------------------------------------------------------------

CREATE TYPE "AudioFormat" AS ENUM ('MP3', 'AAC', 'FLAC', 'VORBIS', 'OPUS', 'ALAC', 'WAV');
CREATE TYPE "ImportStatus" AS ENUM ('QUEUED', 'RUNNING', 'DONE', 'FAILED');
CREATE TYPE "ListenSource" AS ENUM ('WEB', 'MOBILE', 'CAST');
CREATE TYPE "PlaylistKind" AS ENUM ('MANUAL', 'SMART');
CREATE TYPE "PlaylistVisibility" AS ENUM ('PRIVATE', 'SERVER', 'LINK');
CREATE TYPE "UserRole" AS ENUM ('ADMIN', 'MEMBER', 'GUEST');
CREATE TYPE "WebhookStatus" AS ENUM ('RECEIVED', 'PROCESSED', 'FAILED');

------------------------------------------------------------------------------------------------
-- Tables
------------------------------------------------------------------------------------------------

CREATE TABLE "Album" (
    "id" TEXT NOT NULL,
    "artistId" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "sortTitle" TEXT NOT NULL,
    "searchVector" tsvector,
    "releaseYear" INTEGER,
    "label" TEXT,
    "musicBrainzId" TEXT,
    "enrichedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

CREATE TABLE "AlbumGenre" (
    "albumId" TEXT NOT NULL,
    "genreId" TEXT NOT NULL
);

CREATE TABLE "ApiKey" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "keyHash" TEXT NOT NULL,
    "lastUsedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "AppSettings" (
    "id" TEXT NOT NULL DEFAULT 'default',
    "instanceName" TEXT NOT NULL DEFAULT 'Lumen',
    "registrationOpen" BOOLEAN NOT NULL DEFAULT false,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

CREATE TABLE "Artist" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "sortName" TEXT NOT NULL,
    "biography" TEXT,
    "imageUrl" TEXT,
    "musicBrainzId" TEXT,
    "enrichedAt" TIMESTAMP(3),
    "enrichmentAttempts" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

CREATE TABLE "AuditEntry" (
    "id" TEXT NOT NULL,
    "actorId" TEXT,
    "action" TEXT NOT NULL,
    "target" TEXT,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "Device" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "platform" TEXT NOT NULL,
    "lastSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "Favorite" (
    "userId" TEXT NOT NULL,
    "trackId" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "Genre" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL
);

CREATE TABLE "ImportJob" (
    "id" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 0,
    "libraryId" TEXT NOT NULL,
    "status" "ImportStatus" NOT NULL DEFAULT 'QUEUED',
    "error" TEXT,
    "filesSeen" INTEGER NOT NULL DEFAULT 0,
    "filesAdded" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMP(3)
);

CREATE TABLE "Library" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "rootPath" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "Listen" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "deviceId" TEXT,
    "trackId" TEXT NOT NULL,
    "source" "ListenSource" NOT NULL DEFAULT 'WEB',
    "listenedMs" INTEGER NOT NULL,
    "playedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "Lyrics" (
    "trackId" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "synced" BOOLEAN NOT NULL DEFAULT false,
    "language" TEXT,
    "fetchedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "Playlist" (
    "id" TEXT NOT NULL,
    "ownerId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" "PlaylistKind" NOT NULL DEFAULT 'MANUAL',
    "rules" JSONB,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "visibility" "PlaylistVisibility" NOT NULL DEFAULT 'PRIVATE',
    "shareToken" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

CREATE TABLE "PlaylistItem" (
    "id" TEXT NOT NULL,
    "playlistId" TEXT NOT NULL,
    "trackId" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "addedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "Rating" (
    "userId" TEXT NOT NULL,
    "albumId" TEXT NOT NULL,
    "stars" INTEGER NOT NULL,
    "ratedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "Track" (
    "id" TEXT NOT NULL,
    "libraryId" TEXT NOT NULL,
    "albumId" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "searchVector" tsvector,
    "discNumber" INTEGER NOT NULL DEFAULT 1,
    "trackNumber" INTEGER NOT NULL,
    "durationMs" INTEGER NOT NULL,
    "gainDb" DOUBLE PRECISION,
    "peak" DOUBLE PRECISION,
    "format" "AudioFormat" NOT NULL,
    "filePath" TEXT NOT NULL,
    "fileSize" BIGINT NOT NULL,
    "addedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

CREATE TABLE "TrackEmbedding" (
    "trackId" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "components" DOUBLE PRECISION[],
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "email" TEXT,
    "passwordHash" TEXT NOT NULL,
    "tokenVersion" INTEGER NOT NULL DEFAULT 0,
    "role" "UserRole" NOT NULL DEFAULT 'MEMBER',
    "locale" TEXT NOT NULL DEFAULT 'en',
    "theme" TEXT,
    "crossfadeMs" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL
);

CREATE TABLE "WebhookEvent" (
    "id" TEXT NOT NULL,
    "eventId" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "status" "WebhookStatus" NOT NULL DEFAULT 'RECEIVED',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lastError" TEXT,
    "correlationId" TEXT,
    "receivedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "processedAt" TIMESTAMP(3)
);

-- pgvector is optional, here as in the migrations.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector') THEN
        CREATE EXTENSION IF NOT EXISTS vector;
        ALTER TABLE "TrackEmbedding" ADD COLUMN "embedding" vector(8);
    END IF;
END
$$;

------------------------------------------------------------------------------------------------
-- View
------------------------------------------------------------------------------------------------

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

------------------------------------------------------------------------------------------------
-- Search triggers, before the rows, so that they fill "searchVector"
------------------------------------------------------------------------------------------------

CREATE FUNCTION "update_search_vector"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."searchVector" := to_tsvector('simple', NEW."title");
    RETURN NEW;
END
$$;

CREATE TRIGGER "Album_searchVector" BEFORE INSERT OR UPDATE OF "title" ON "Album"
    FOR EACH ROW EXECUTE FUNCTION "update_search_vector"();
CREATE TRIGGER "Track_searchVector" BEFORE INSERT OR UPDATE OF "title" ON "Track"
    FOR EACH ROW EXECUTE FUNCTION "update_search_vector"();

------------------------------------------------------------------------------------------------
-- Rows: about 20,000, all made up by arithmetic
------------------------------------------------------------------------------------------------

INSERT INTO "AppSettings" ("id", "instanceName", "registrationOpen", "updatedAt")
VALUES ('default', 'Lumen at home', false, '2026-01-10 09:00:00');

INSERT INTO "Library" ("id", "name", "rootPath", "createdAt")
VALUES
    ('library-1', 'Main', '/music/main', '2025-02-04 20:00:00'),
    ('library-2', 'Vinyl rips', '/music/vinyl', '2025-03-01 11:30:00'),
    ('library-3', 'Live recordings', '/music/live', '2025-05-20 18:15:00');

-- '!' is no hash of anything: nobody can sign in.
INSERT INTO "User" ("id", "username", "email", "passwordHash", "role", "theme", "createdAt", "updatedAt")
SELECT
    'user-' || i,
    'listener' || i,
    CASE WHEN i % 5 <> 0 THEN 'listener' || i || '@example.org' END,
    '!',
    (CASE WHEN i = 1 THEN 'ADMIN' WHEN i % 8 = 0 THEN 'GUEST' ELSE 'MEMBER' END)::"UserRole",
    CASE i % 3 WHEN 0 THEN 'dark' WHEN 1 THEN 'light' END,
    TIMESTAMP '2025-02-04 20:00:00' + i * INTERVAL '2 hours',
    TIMESTAMP '2026-01-20 12:00:00'
FROM generate_series(1, 40) AS i;

INSERT INTO "ApiKey" ("id", "userId", "name", "keyHash", "lastUsedAt", "createdAt")
SELECT
    'key-' || i,
    'user-' || i,
    'Desktop player',
    'unusable-' || i,
    CASE WHEN i % 3 <> 0 THEN TIMESTAMP '2026-02-01 07:00:00' - i * INTERVAL '5 hours' END,
    TIMESTAMP '2025-11-01 10:00:00' + i * INTERVAL '1 day'
FROM generate_series(1, 12) AS i;

INSERT INTO "Device" ("id", "userId", "name", "platform", "lastSeenAt")
SELECT
    'device-' || i,
    'user-' || 1 + (i - 1) % 40,
    'Player ' || i,
    (ARRAY['android', 'ios', 'web', 'linux'])[1 + i % 4],
    TIMESTAMP '2026-02-02 21:00:00' - i * INTERVAL '3 hours'
FROM generate_series(1, 60) AS i;

-- 20 adjectives by 15 nouns: 300 different names.
INSERT INTO "Artist" (
    "id", "name", "sortName", "musicBrainzId", "enrichedAt", "enrichmentAttempts", "createdAt",
    "updatedAt"
)
SELECT
    'artist-' || i,
    'The ' || name,
    lower(name),
    CASE WHEN i % 4 <> 0 THEN 'mb-artist-' || i END,
    CASE WHEN i % 4 <> 0 THEN TIMESTAMP '2025-06-01 03:00:00' + i * INTERVAL '1 hour' END,
    1 + i % 3,
    TIMESTAMP '2025-02-05 08:00:00' + i * INTERVAL '28 hours',
    TIMESTAMP '2026-01-15 12:00:00'
FROM generate_series(1, 300) AS i
CROSS JOIN LATERAL (SELECT
    (ARRAY['Amber', 'Brass', 'Copper', 'Distant', 'Electric', 'Fallow', 'Gentle', 'Hollow', 'Idle',
           'Jagged', 'Kindred', 'Lunar', 'Marble', 'Northern', 'Opal', 'Paper', 'Quiet', 'Restless',
           'Silver', 'Tidal'])[1 + (i - 1) % 20]
    || ' ' ||
    (ARRAY['Anchors', 'Bridges', 'Clocks', 'Doves', 'Echoes', 'Foxes', 'Gardens', 'Harbours',
           'Islands', 'Junctions', 'Kites', 'Lanterns', 'Meadows', 'Narrows', 'Orchards'])[1 + (i - 1) / 20]
) AS made(name);

INSERT INTO "Album" (
    "id", "artistId", "title", "sortTitle", "releaseYear", "label", "musicBrainzId", "enrichedAt",
    "createdAt", "updatedAt"
)
SELECT
    'album-' || i,
    'artist-' || 1 + i % 300,
    title,
    lower(title),
    CASE WHEN i % 11 <> 0 THEN 1965 + i * 7 % 60 END,
    (ARRAY['Tin Roof', 'Low Tide', 'Ninth Floor'])[1 + i % 4],
    CASE WHEN i % 3 <> 0 THEN 'mb-album-' || i END,
    CASE WHEN i % 3 <> 0 THEN TIMESTAMP '2025-06-15 03:00:00' + i * INTERVAL '1 hour' END,
    TIMESTAMP '2025-02-05 08:00:00' + i * INTERVAL '17 hours',
    TIMESTAMP '2026-01-15 12:00:00'
FROM generate_series(1, 500) AS i
CROSS JOIN LATERAL (SELECT
    (ARRAY['Letters', 'Maps', 'Mornings', 'Postcards', 'Rooms', 'Signals', 'Stories'])[1 + i % 7]
    || ' ' || (ARRAY['from', 'without', 'under', 'beyond'])[1 + i % 4]
    || ' ' || (ARRAY['Winter', 'Rain', 'Home', 'Glass', 'the Sea', 'the City', 'Sleep', 'Salt', 'Tomorrow'])[1 + i % 9]
) AS made(title);

-- Ten tracks on each album.
INSERT INTO "Track" (
    "id", "libraryId", "albumId", "title", "trackNumber", "durationMs", "gainDb", "peak", "format",
    "filePath", "fileSize", "addedAt", "updatedAt"
)
SELECT
    'track-' || i,
    'library-' || 1 + album % 3,
    'album-' || album,
    (ARRAY['Slow', 'Last', 'Bright', 'Broken', 'Open', 'Second', 'Secret'])[1 + i % 7]
    || ' ' || (ARRAY['River', 'Light', 'Window', 'Train', 'Summer', 'Signal', 'Stone', 'Avenue', 'Tide', 'Feather', 'Engine'])[1 + i % 11],
    1 + (i - 1) % 10,
    90000 + i * 7919 % 270000,
    CASE WHEN i % 6 <> 0 THEN -(i % 120) / 10.0 END,
    CASE WHEN i % 6 <> 0 THEN (80 + i % 20) / 100.0 END,
    (ARRAY['FLAC', 'MP3', 'OPUS', 'AAC', 'FLAC'])[1 + album % 5]::"AudioFormat",
    format('album-%s/track-%s', album, i),
    3000000 + i * 104729 % 40000000,
    TIMESTAMP '2025-02-05 08:00:00' + i * INTERVAL '100 minutes',
    TIMESTAMP '2026-01-18 12:00:00'
FROM generate_series(1, 5000) AS i
CROSS JOIN LATERAL (SELECT 1 + (i - 1) / 10) AS made(album);

INSERT INTO "TrackEmbedding" ("trackId", "model", "components", "createdAt")
SELECT
    'track-' || i * 15,
    'timbre-8',
    ARRAY(SELECT (i * k * 37 % 200 - 100) / 100.0 FROM generate_series(1, 8) AS k),
    TIMESTAMP '2025-07-01 02:00:00' + i * INTERVAL '1 minute'
FROM generate_series(1, 300) AS i;

INSERT INTO "Lyrics" ("trackId", "text", "synced", "language", "fetchedAt")
SELECT
    'track-' || i * 16,
    'La la la, verse ' || i,
    i % 4 = 0,
    (ARRAY['en', 'de', 'fr', 'pt'])[1 + i % 4],
    TIMESTAMP '2025-12-01 04:00:00' + i * INTERVAL '1 minute'
FROM generate_series(1, 300) AS i;

INSERT INTO "Genre" ("id", "name")
SELECT 'genre-' || i, name
FROM unnest(ARRAY['Ambient', 'Baroque', 'Blues', 'Choral', 'Country', 'Disco', 'Dub', 'Folk', 'Funk',
                  'Jazz', 'Metal', 'Minimal', 'Pop', 'Rock', 'Soul', 'Techno']) WITH ORDINALITY AS genre(name, i);

-- Every album has one genre, every second album two.
INSERT INTO "AlbumGenre" ("albumId", "genreId")
SELECT 'album-' || i, 'genre-' || 1 + i % 16 FROM generate_series(1, 500) AS i
UNION ALL
SELECT 'album-' || i, 'genre-' || 1 + (i + 5) % 16 FROM generate_series(2, 500, 2) AS i;

INSERT INTO "Playlist" (
    "id", "ownerId", "name", "kind", "rules", "tags", "visibility", "shareToken", "createdAt",
    "updatedAt"
)
SELECT
    'playlist-' || i,
    'user-' || 1 + i % 40,
    'Playlist ' || i,
    (CASE WHEN i % 6 = 0 THEN 'SMART' ELSE 'MANUAL' END)::"PlaylistKind",
    CASE WHEN i % 6 = 0 THEN jsonb_build_object('genre', 'genre-' || 1 + i % 16, 'limit', 20) END,
    CASE WHEN i % 2 = 0 THEN ARRAY['evening'] ELSE ARRAY['work', 'focus'] END,
    (ARRAY['PRIVATE', 'SERVER', 'LINK'])[1 + i % 3]::"PlaylistVisibility",
    CASE WHEN i % 3 = 2 THEN 'share-' || i END,
    TIMESTAMP '2025-03-01 19:00:00' + i * INTERVAL '5 days',
    TIMESTAMP '2026-01-22 12:00:00'
FROM generate_series(1, 60) AS i;

-- Twenty tracks in each playlist.
INSERT INTO "PlaylistItem" ("id", "playlistId", "trackId", "position", "addedAt")
SELECT
    'item-' || i,
    'playlist-' || 1 + (i - 1) / 20,
    'track-' || 1 + i * 31 % 5000,
    1 + (i - 1) % 20,
    TIMESTAMP '2026-01-01 19:00:00' + i * INTERVAL '10 minutes'
FROM generate_series(1, 1200) AS i;

INSERT INTO "Favorite" ("userId", "trackId", "createdAt")
SELECT
    'user-' || 1 + i % 40,
    'track-' || i * 8,
    TIMESTAMP '2025-04-01 19:00:00' + i * INTERVAL '12 hours'
FROM generate_series(1, 600) AS i;

INSERT INTO "Rating" ("userId", "albumId", "stars", "ratedAt")
SELECT
    'user-' || 1 + i % 40,
    'album-' || i,
    1 + i * 3 % 5,
    TIMESTAMP '2025-11-10 19:00:00' + i * INTERVAL '4 hours'
FROM generate_series(1, 400) AS i;

INSERT INTO "Listen" ("id", "userId", "deviceId", "trackId", "source", "listenedMs", "playedAt")
SELECT
    'listen-' || i,
    'user-' || 1 + i % 40,
    CASE WHEN i % 3 = 0 THEN 'device-' || 1 + i % 40 END,
    'track-' || 1 + i * 17 % 5000,
    (ARRAY['WEB', 'MOBILE', 'MOBILE', 'CAST'])[1 + i % 4]::"ListenSource",
    30000 + i * 6151 % 60000,
    TIMESTAMP '2025-02-10 07:00:00' + i * INTERVAL '200 minutes'
FROM generate_series(1, 2500) AS i;

-- Thirty imports for each library; the newest of the first library still runs.
INSERT INTO "ImportJob" (
    "id", "version", "libraryId", "status", "error", "filesSeen", "filesAdded", "createdAt",
    "finishedAt"
)
SELECT
    'import-' || i,
    2,
    'library-' || 1 + i % 3,
    (CASE WHEN i % 13 = 0 THEN 'FAILED' ELSE 'DONE' END)::"ImportStatus",
    CASE WHEN i % 13 = 0 THEN 'the folder went away during the scan' END,
    200 + i * 41 % 300,
    i * 23 % 60,
    TIMESTAMP '2025-02-06 01:00:00' + i * INTERVAL '4 days',
    TIMESTAMP '2025-02-06 01:20:00' + i * INTERVAL '4 days'
FROM generate_series(1, 89) AS i
UNION ALL
SELECT 'import-90', 1, 'library-1', 'RUNNING', NULL, 118, 4, TIMESTAMP '2026-02-01 01:00:00', NULL;

INSERT INTO "AuditEntry" ("id", "actorId", "action", "target", "detail", "createdAt")
SELECT
    'audit-' || i,
    CASE WHEN i % 10 <> 0 THEN 'user-' || 1 + i % 40 END,
    (ARRAY['playlist.share', 'library.scan', 'user.update'])[1 + i % 3],
    'target-' || i % 50,
    jsonb_build_object('entry', i),
    TIMESTAMP '2026-02-01 20:00:00' + i * INTERVAL '11 minutes'
FROM generate_series(1, 240) AS i;

INSERT INTO "WebhookEvent" (
    "id", "eventId", "source", "type", "payload", "status", "attempts", "lastError",
    "correlationId", "receivedAt", "processedAt"
)
SELECT
    'webhook-' || i,
    'event-' || i,
    (ARRAY['downloader', 'scanner', 'scrobbler', 'tagger'])[1 + i % 4],
    (ARRAY['file.added', 'file.changed', 'file.removed'])[1 + i % 3],
    jsonb_build_object('track', 'track-' || 1 + i % 5000, 'attempt', 1 + i % 2),
    status::"WebhookStatus",
    CASE status WHEN 'RECEIVED' THEN 0 WHEN 'PROCESSED' THEN 1 ELSE 5 END,
    CASE status WHEN 'FAILED' THEN 'no such track' END,
    'request-' || i / 4,
    received,
    CASE status WHEN 'PROCESSED' THEN received + INTERVAL '2 seconds' END
FROM generate_series(1, 8000) AS i
CROSS JOIN LATERAL (SELECT
    CASE WHEN i > 7960 THEN 'RECEIVED' WHEN i % 97 = 0 THEN 'FAILED' ELSE 'PROCESSED' END,
    TIMESTAMP '2025-07-14 06:00:00' + i * INTERVAL '36 minutes'
) AS made(status, received);

------------------------------------------------------------------------------------------------
-- Keys and checks
------------------------------------------------------------------------------------------------

ALTER TABLE "Album" ADD CONSTRAINT "Album_pkey" PRIMARY KEY ("id");
ALTER TABLE "AlbumGenre" ADD CONSTRAINT "AlbumGenre_pkey" PRIMARY KEY ("albumId", "genreId");
ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_pkey" PRIMARY KEY ("id");
ALTER TABLE "AppSettings" ADD CONSTRAINT "AppSettings_pkey" PRIMARY KEY ("id");
ALTER TABLE "Artist" ADD CONSTRAINT "Artist_pkey" PRIMARY KEY ("id");
ALTER TABLE "AuditEntry" ADD CONSTRAINT "AuditEntry_pkey" PRIMARY KEY ("id");
ALTER TABLE "Device" ADD CONSTRAINT "Device_pkey" PRIMARY KEY ("id");
ALTER TABLE "Favorite" ADD CONSTRAINT "Favorite_pkey" PRIMARY KEY ("userId", "trackId");
ALTER TABLE "Genre" ADD CONSTRAINT "Genre_pkey" PRIMARY KEY ("id");
ALTER TABLE "ImportJob" ADD CONSTRAINT "ImportJob_pkey" PRIMARY KEY ("id");
ALTER TABLE "Library" ADD CONSTRAINT "Library_pkey" PRIMARY KEY ("id");
ALTER TABLE "Listen" ADD CONSTRAINT "Listen_pkey" PRIMARY KEY ("id");
ALTER TABLE "Lyrics" ADD CONSTRAINT "Lyrics_pkey" PRIMARY KEY ("trackId");
ALTER TABLE "Playlist" ADD CONSTRAINT "Playlist_pkey" PRIMARY KEY ("id");
ALTER TABLE "PlaylistItem" ADD CONSTRAINT "PlaylistItem_pkey" PRIMARY KEY ("id");
ALTER TABLE "Rating" ADD CONSTRAINT "Rating_pkey" PRIMARY KEY ("userId", "albumId");
ALTER TABLE "Rating" ADD CONSTRAINT "Rating_stars_check" CHECK ("stars" BETWEEN 1 AND 5);
ALTER TABLE "Track" ADD CONSTRAINT "Track_pkey" PRIMARY KEY ("id");
ALTER TABLE "TrackEmbedding" ADD CONSTRAINT "TrackEmbedding_pkey" PRIMARY KEY ("trackId");
ALTER TABLE "User" ADD CONSTRAINT "User_pkey" PRIMARY KEY ("id");
ALTER TABLE "WebhookEvent" ADD CONSTRAINT "WebhookEvent_pkey" PRIMARY KEY ("id");

------------------------------------------------------------------------------------------------
-- Indexes
------------------------------------------------------------------------------------------------

CREATE INDEX "Album_artistId_idx" ON "Album" ("artistId");
CREATE UNIQUE INDEX "Album_musicBrainzId_key" ON "Album" ("musicBrainzId");
CREATE INDEX "Album_searchVector_idx" ON "Album" USING GIN ("searchVector");
CREATE INDEX "AlbumGenre_genreId_idx" ON "AlbumGenre" ("genreId");
CREATE UNIQUE INDEX "ApiKey_keyHash_key" ON "ApiKey" ("keyHash");
CREATE INDEX "ApiKey_userId_idx" ON "ApiKey" ("userId");
CREATE UNIQUE INDEX "Artist_musicBrainzId_key" ON "Artist" ("musicBrainzId");
CREATE INDEX "Artist_name_idx" ON "Artist" ("name");
CREATE INDEX "AuditEntry_createdAt_idx" ON "AuditEntry" ("createdAt");
CREATE UNIQUE INDEX "Device_userId_name_key" ON "Device" ("userId", "name");
CREATE INDEX "Favorite_trackId_idx" ON "Favorite" ("trackId");
CREATE UNIQUE INDEX "Genre_name_key" ON "Genre" ("name");
CREATE UNIQUE INDEX "ImportJob_libraryId_active_key" ON "ImportJob" ("libraryId") WHERE "status" IN ('QUEUED', 'RUNNING');
CREATE INDEX "ImportJob_libraryId_createdAt_idx" ON "ImportJob" ("libraryId", "createdAt");
CREATE UNIQUE INDEX "Library_rootPath_key" ON "Library" ("rootPath");
CREATE INDEX "Listen_deviceId_idx" ON "Listen" ("deviceId");
CREATE INDEX "Listen_trackId_idx" ON "Listen" ("trackId");
CREATE INDEX "Listen_userId_playedAt_idx" ON "Listen" ("userId", "playedAt" DESC);
CREATE INDEX "Playlist_ownerId_idx" ON "Playlist" ("ownerId");
CREATE UNIQUE INDEX "Playlist_shareToken_key" ON "Playlist" ("shareToken");
CREATE UNIQUE INDEX "PlaylistItem_playlistId_position_key" ON "PlaylistItem" ("playlistId", "position");
CREATE INDEX "PlaylistItem_trackId_idx" ON "PlaylistItem" ("trackId");
CREATE INDEX "Rating_albumId_idx" ON "Rating" ("albumId");
CREATE INDEX "Track_albumId_idx" ON "Track" ("albumId");
CREATE INDEX "Track_libraryId_addedAt_idx" ON "Track" ("libraryId", "addedAt" DESC);
CREATE UNIQUE INDEX "Track_libraryId_filePath_key" ON "Track" ("libraryId", "filePath");
CREATE INDEX "Track_searchVector_idx" ON "Track" USING GIN ("searchVector");
CREATE UNIQUE INDEX "User_email_key" ON "User" ("email");
CREATE UNIQUE INDEX "User_username_key" ON "User" ("username");
CREATE INDEX "WebhookEvent_correlationId_idx" ON "WebhookEvent" ("correlationId");
CREATE UNIQUE INDEX "WebhookEvent_eventId_key" ON "WebhookEvent" ("eventId");
CREATE INDEX "WebhookEvent_processedAt_idx" ON "WebhookEvent" ("processedAt");
CREATE INDEX "WebhookEvent_source_type_idx" ON "WebhookEvent" ("source", "type");
CREATE INDEX "WebhookEvent_status_receivedAt_idx" ON "WebhookEvent" ("status", "receivedAt");

------------------------------------------------------------------------------------------------
-- Foreign keys
------------------------------------------------------------------------------------------------

ALTER TABLE "Album"
    ADD CONSTRAINT "Album_artistId_fkey" FOREIGN KEY ("artistId") REFERENCES "Artist"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "AlbumGenre"
    ADD CONSTRAINT "AlbumGenre_albumId_fkey" FOREIGN KEY ("albumId") REFERENCES "Album"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "AlbumGenre"
    ADD CONSTRAINT "AlbumGenre_genreId_fkey" FOREIGN KEY ("genreId") REFERENCES "Genre"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "ApiKey"
    ADD CONSTRAINT "ApiKey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "AuditEntry"
    ADD CONSTRAINT "AuditEntry_actorId_fkey" FOREIGN KEY ("actorId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Device"
    ADD CONSTRAINT "Device_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Favorite"
    ADD CONSTRAINT "Favorite_trackId_fkey" FOREIGN KEY ("trackId") REFERENCES "Track"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Favorite"
    ADD CONSTRAINT "Favorite_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "ImportJob"
    ADD CONSTRAINT "ImportJob_libraryId_fkey" FOREIGN KEY ("libraryId") REFERENCES "Library"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Listen"
    ADD CONSTRAINT "Listen_deviceId_fkey" FOREIGN KEY ("deviceId") REFERENCES "Device"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "Listen"
    ADD CONSTRAINT "Listen_trackId_fkey" FOREIGN KEY ("trackId") REFERENCES "Track"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Listen"
    ADD CONSTRAINT "Listen_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Lyrics"
    ADD CONSTRAINT "Lyrics_trackId_fkey" FOREIGN KEY ("trackId") REFERENCES "Track"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Playlist"
    ADD CONSTRAINT "Playlist_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "PlaylistItem"
    ADD CONSTRAINT "PlaylistItem_playlistId_fkey" FOREIGN KEY ("playlistId") REFERENCES "Playlist"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "PlaylistItem"
    ADD CONSTRAINT "PlaylistItem_trackId_fkey" FOREIGN KEY ("trackId") REFERENCES "Track"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Rating"
    ADD CONSTRAINT "Rating_albumId_fkey" FOREIGN KEY ("albumId") REFERENCES "Album"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Rating"
    ADD CONSTRAINT "Rating_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Track"
    ADD CONSTRAINT "Track_albumId_fkey" FOREIGN KEY ("albumId") REFERENCES "Album"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Track"
    ADD CONSTRAINT "Track_libraryId_fkey" FOREIGN KEY ("libraryId") REFERENCES "Library"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "TrackEmbedding"
    ADD CONSTRAINT "TrackEmbedding_trackId_fkey" FOREIGN KEY ("trackId") REFERENCES "Track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- A database in use has statistics.
ANALYZE "Album", "AlbumGenre", "ApiKey", "AppSettings", "Artist", "AuditEntry", "Device", "Favorite",
    "Genre", "ImportJob", "Library", "Listen", "Lyrics", "Playlist", "PlaylistItem", "Rating", "Track",
    "TrackEmbedding", "User", "WebhookEvent";
