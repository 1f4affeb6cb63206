//! For each kind, a change that must show, and a rewrite that must not.

use underpin_core::catalog::diff;

use super::{everything, snapshot};

/// A change of the database with one object of every kind, and a text that one of the lines of
/// the difference must hold. Each is undone, so that the next starts from the same state.
const CHANGES: &[(&str, &str)] = &[
    ("DROP SCHEMA \"Odd Name\"", "missing  schema Odd Name"),
    ("CREATE SCHEMA more", "extra    schema more"),
    ("ALTER TYPE \"Role\" RENAME VALUE 'ADMIN' TO 'ROOT'", "enum public.Role: labels"),
    ("ALTER DOMAIN email DROP NOT NULL", "domain public.email: not null"),
    ("ALTER DOMAIN email SET DEFAULT 'c@d'", "domain public.email: default"),
    ("ALTER DOMAIN email DROP CONSTRAINT email_at", "constraint public.email.email_at"),
    ("CREATE TYPE pair AS (a int, b int)", "extra    composite type public.pair"),
    ("DROP TYPE float_range", "missing  range type public.float_range"),
    (
        "ALTER TABLE odd_stored ALTER a TYPE bigint",
        "column public.odd_stored.a: type bigint, expected integer",
    ),
    (
        "ALTER TABLE \"User\" ALTER name TYPE varchar(60) COLLATE \"C\"",
        "column public.User.name: type",
    ),
    ("ALTER TABLE \"User\" ALTER name TYPE varchar(50)", "column public.User.name: collation"),
    (
        "ALTER TABLE \"User\" ALTER age SET NOT NULL",
        "column public.User.age: not null yes, expected none",
    ),
    ("ALTER TABLE \"User\" ALTER born DROP DEFAULT", "column public.User.born: default none"),
    (
        "ALTER TABLE \"User\" ALTER full_name DROP EXPRESSION",
        "column public.User.full_name: generated",
    ),
    ("ALTER TABLE \"User\" ALTER big SET STORAGE EXTENDED", "column public.User.big: storage"),
    (
        "ALTER TABLE \"User\" ALTER age SET STATISTICS 400",
        "column public.User.age: statistics target",
    ),
    ("ALTER TABLE \"User\" ALTER age RESET (n_distinct)", "column public.User.age: options"),
    ("ALTER TABLE \"User\" RENAME age TO years", "missing  column public.User.age (integer)"),
    ("ALTER TABLE \"User\" SET (fillfactor = 60)", "table public.User: options"),
    ("ALTER TABLE \"User\" RESET (toast.autovacuum_enabled)", "table public.User: options"),
    ("ALTER TABLE \"User\" RENAME TO people", "missing  table public.User"),
    (
        "ALTER TABLE \"User\" VALIDATE CONSTRAINT user_age_positive",
        "constraint public.User.user_age_positive: definition",
    ),
    ("ALTER TABLE \"User\" DROP CONSTRAINT adult", "missing  constraint public.User.adult"),
    (
        "ALTER TABLE post VALIDATE CONSTRAINT post_author2",
        "constraint public.post.post_author2: definition",
    ),
    (
        "ALTER TABLE post ALTER CONSTRAINT post_author NOT DEFERRABLE",
        "constraint public.post.post_author: definition",
    ),
    ("ALTER INDEX post_slug SET (fillfactor = 90)", "constraint public.post.post_slug: options"),
    (
        "ALTER TABLE post DISABLE TRIGGER ALL",
        "constraint public.post.post_author: triggers disabled",
    ),
    ("ALTER TABLE post ALTER id SET GENERATED ALWAYS", "column public.post.id: identity always"),
    ("ALTER TABLE post ALTER id SET INCREMENT 7", "column public.post.id: sequence"),
    ("ALTER TABLE post REPLICA IDENTITY NOTHING", "table public.post: replica identity"),
    ("ALTER TABLE post SET WITHOUT CLUSTER", "constraint public.post.post_pkey: clustered"),
    ("ALTER TABLE post NO FORCE ROW LEVEL SECURITY", "table public.post: force row security"),
    ("ALTER TABLE scratchpad SET LOGGED", "table public.scratchpad: persistence"),
    ("ALTER TABLE dog NO INHERIT animal", "table public.dog: inherits"),
    ("ALTER TABLE places NOT OF", "table public.places: of type"),
    ("ALTER TABLE event DETACH PARTITION event_rest", "table public.event_rest: partition of"),
    (
        "DROP INDEX user_lower; CREATE INDEX user_lower ON \"User\" (lower(email), age)",
        "index public.user_lower: definition",
    ),
    ("ALTER INDEX user_tags RESET (fastupdate)", "index public.user_tags: options"),
    (
        "ALTER INDEX user_lower ALTER COLUMN 1 SET STATISTICS 100",
        "index public.user_lower: statistics targets",
    ),
    (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'user_tags'::regclass",
        "index public.user_tags: valid no",
    ),
    ("ALTER STATISTICS user_stats SET STATISTICS 10", "statistics public.user_stats: target"),
    ("ALTER SEQUENCE counter NO CYCLE", "sequence public.counter: cycle"),
    ("ALTER SEQUENCE \"User_id_seq\" AS bigint", "sequence public.User_id_seq: "),
    ("ALTER SEQUENCE \"User_id_seq\" OWNED BY NONE", "sequence public.User_id_seq: owned by"),
    ("ALTER VIEW grown RESET (security_barrier)", "view public.grown: options"),
    (
        "CREATE OR REPLACE VIEW grown AS SELECT u.id, u.email, p.slug FROM \"User\" u JOIN post p ON p.author = u.id",
        "view public.grown: definition",
    ),
    ("ALTER VIEW grown ALTER email SET DEFAULT 'z'", "column public.grown.email: default"),
    ("DROP MATERIALIZED VIEW per_author", "missing  materialized view public.per_author"),
    (
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
        "function public.touch(): body",
    ),
    ("ALTER FUNCTION label VOLATILE", "function public.label(integer, text, text[]): volatility"),
    ("ALTER FUNCTION label SECURITY INVOKER", "security definer none, expected yes"),
    ("ALTER FUNCTION label RESET work_mem", "settings search_path=public, pg_temp, expected"),
    ("ALTER FUNCTION many ROWS 6", "function public.many(): rows"),
    ("DROP PROCEDURE clean", "missing  procedure public.clean("),
    ("DROP AGGREGATE total(numeric)", "missing  aggregate public.total(numeric)"),
    ("ALTER TABLE \"User\" ENABLE TRIGGER user_quiet", "trigger public.User.user_quiet: enabled"),
    ("DROP TRIGGER event_touch ON event", "missing  trigger public.event.event_touch"),
    (
        "ALTER TABLE event_2024 DISABLE TRIGGER event_touch",
        "extra    trigger public.event_2024.event_touch",
    ),
    (
        "ALTER TABLE scratchpad DISABLE RULE scratchpad_keep",
        "rule public.scratchpad.scratchpad_keep: enabled",
    ),
    ("ALTER POLICY post_read ON post USING (author = 3)", "policy public.post.post_read: using"),
    ("ALTER POLICY post_write ON post TO test_owner", "policy public.post.post_write: roles"),
    ("DROP EVENT TRIGGER watch_ddl", "missing  event trigger watch_ddl"),
    ("ALTER EVENT TRIGGER watch_ddl DISABLE", "watch_ddl: enabled"),
    ("DROP OPERATOR ~== (integer, integer)", "missing  operator public.~==(integer, integer)"),
    (
        "ALTER OPERATOR FAMILY odd_ops USING btree ADD OPERATOR 1 < (integer, bigint)",
        "operator family public.odd_ops using btree: operators",
    ),
    (
        "DROP OPERATOR CLASS odd_ops USING btree",
        "missing  operator class public.odd_ops using btree",
    ),
    ("DROP CAST (point3 AS text)", "missing  cast public.point3 as text"),
    ("DROP LANGUAGE odd_language", "missing  language odd_language"),
    ("DROP CONVERSION odd_conversion", "missing  conversion public.odd_conversion"),
    ("DROP COLLATION odd", "missing  collation public.odd"),
    (
        "ALTER TEXT SEARCH DICTIONARY odd_words (ACCEPT = true)",
        "text search dictionary public.odd_words: options",
    ),
    (
        "ALTER TEXT SEARCH CONFIGURATION odd_search DROP MAPPING FOR word",
        "configuration public.odd_search: mappings",
    ),
    ("DROP TEXT SEARCH PARSER odd_parser", "missing  text search parser public.odd_parser"),
    ("ALTER SERVER odd_server OPTIONS (SET password 'other')", "server odd_server: options"),
    ("ALTER FOREIGN TABLE far OPTIONS (SET path 'other')", "foreign table public.far: options"),
    (
        "ALTER FOREIGN TABLE far ALTER a OPTIONS (SET key 'other')",
        "column public.far.a: foreign options",
    ),
    (
        "DROP USER MAPPING FOR test_reader SERVER odd_server",
        "missing  user mapping test_reader on odd_server",
    ),
    ("ALTER PUBLICATION some_tables DROP TABLE post", "publication some_tables: tables"),
    ("ALTER PUBLICATION some_tables SET (publish = 'insert')", "publication some_tables: publish"),
    (
        "ALTER SUBSCRIPTION from_afar SET PUBLICATION c WITH (refresh = false)",
        "subscription from_afar: publications",
    ),
    (
        "ALTER TABLE app.owned OWNER TO test_reader",
        "table app.owned: owner test_reader, expected test_owner",
    ),
    ("REVOKE SELECT ON \"User\" FROM test_reader", "grant on table public.User to test_reader"),
    (
        "REVOKE UPDATE (email) ON \"User\" FROM test_reader",
        "grant on column public.User.email to test_reader: privileges",
    ),
    (
        "GRANT EXECUTE ON FUNCTION touch() TO PUBLIC",
        "missing  grant on function public.touch() to PUBLIC (none)",
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM test_reader",
        "missing  default privileges app.",
    ),
    ("COMMENT ON TABLE \"User\" IS 'users'", "table public.User: comment users, expected people"),
    ("COMMENT ON INDEX user_lower IS NULL", "index public.user_lower: comment none"),
];

/// Statements that leave the same schema behind.
const REWRITES: &[&str] = &[
    "ALTER TABLE \"User\" ADD spare integer; ALTER TABLE \"User\" DROP spare",
    "DROP INDEX user_tags; CREATE INDEX user_tags ON \"User\" USING gin (tags) WITH (fastupdate = false)",
    "ALTER TABLE \"User\" RESET (fillfactor); ALTER TABLE \"User\" SET (fillfactor = 70)",
    "ALTER TABLE \"User\" RENAME email TO mail; ALTER TABLE \"User\" RENAME mail TO email",
    "ALTER TABLE \"User\" DROP CONSTRAINT adult, ADD CONSTRAINT adult CHECK ((age) >= (18))",
    "ALTER FUNCTION label RESET ALL; ALTER FUNCTION label SET work_mem = '8MB'; ALTER FUNCTION label SET search_path = public, pg_temp",
    "SELECT nextval('counter'), nextval('\"User_id_seq\"')",
    "VACUUM \"User\"",
    "ANALYZE",
    "REFRESH MATERIALIZED VIEW per_author",
    "REINDEX TABLE \"User\"",
    "CREATE TEMP TABLE t (id serial PRIMARY KEY)",
    "ALTER TABLE _prisma_migrations ADD extra text",
    "CREATE TABLE underpin.more (id integer)",
    "REVOKE ALL ON \"User\" FROM PUBLIC",
    "GRANT SELECT ON \"User\" TO test_reader",
    "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    "SET search_path = app; SET quote_all_identifiers = on; SET DateStyle = 'German'; SET extra_float_digits = 3",
];

#[tokio::test]
async fn every_change_shows() {
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        let before = snapshot(&mut database).await;
        let mut unseen = Vec::new();
        for (change, words) in CHANGES {
            // A read may not be inside a transaction, so a change cannot be rolled back.
            let mut changed = everything(major).await;
            if let Err(error) = changed.session.simple_query(change).await {
                unseen.push(format!("{change}\n  fails: {error}"));
                continue;
            }
            let lines = diff(&before, &snapshot(&mut changed).await).lines(usize::MAX);
            if !lines.iter().any(|line| line.contains(words)) {
                unseen.push(format!(
                    "{change}\n  wants: {words}\n  shows: {}",
                    lines.join("\n         ")
                ));
            }
        }
        assert!(unseen.is_empty(), "on {major}:\n{}", unseen.join("\n"));
    }
}

#[tokio::test]
async fn no_rewrite_shows() {
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        let before = snapshot(&mut database).await;
        assert!(diff(&before, &before).is_empty());
        for rewrite in REWRITES {
            database.run(rewrite).await;
            let after = snapshot(&mut database).await;
            assert_eq!(diff(&before, &after).lines(usize::MAX), Vec::<String>::new(), "{rewrite}");
            assert_eq!(before.fingerprint(), after.fingerprint(), "{rewrite}");
            assert!(before.delta_to(&after).is_empty(), "on {major}: {rewrite}");
        }
    }
}
