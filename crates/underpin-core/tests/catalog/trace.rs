//! A read changes nothing, needs no privilege, shows no secret, and does not depend on who reads.

use underpin_core::catalog::{self, diff};
use underpin_core::error::Code;
use underpin_core::postgres::ConnectionSettings;

use super::{database, dump, everything, snapshot};

#[tokio::test]
async fn a_role_without_privileges_reads_the_same_facts() {
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        database
            .run("DO $$ BEGIN CREATE ROLE test_nobody LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
            .await;
        let all = snapshot(&mut database).await;
        database.run("SET SESSION AUTHORIZATION test_nobody").await;
        let refused = database.session.simple_query("SELECT FROM public.\"User\"").await;
        assert!(refused.unwrap_err().is("42501"), "the role has no privilege");
        let theirs = snapshot(&mut database).await;
        assert_eq!(dump(&all), dump(&theirs), "on {major}");
        assert_eq!(all, theirs, "on {major}");
    }
}

#[tokio::test]
async fn a_read_leaves_no_trace() {
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        // Other tests write on the shared server, so the WAL position says nothing: a transaction
        // id of this session would.
        database.run("SET search_path = app; SET TimeZone = 'Asia/Tokyo'").await;
        let settings =
            "SELECT md5(string_agg(name || setting, ',' ORDER BY name)) FROM pg_settings";
        let before = database.value(settings).await;
        let first = database
            .value("SELECT backend_xid FROM pg_stat_activity WHERE pid = pg_backend_pid()")
            .await;
        snapshot(&mut database).await;
        assert_eq!(first, None);
        assert_eq!(database.value(settings).await, before, "settings on {major}");
        let open = "SELECT (now() = statement_timestamp())::text || pg_is_in_recovery()
            || coalesce(pg_current_xact_id_if_assigned()::text, 'none')";
        assert_eq!(database.value(open).await.as_deref(), Some("truefalsenone"), "on {major}");
        let locks =
            "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'
            AND relation >= 16384";
        assert_eq!(database.value(locks).await.as_deref(), Some("0"));
        // A read is READ ONLY itself; where the whole session is, it still works.
        database.run("SET default_transaction_read_only = on").await;
        snapshot(&mut database).await;
    }
}

#[tokio::test]
async fn a_held_lock_is_reported_and_the_session_stays_usable() {
    let major = underpin_testkit::majors()[0];
    let mut database = everything(major).await;
    let settings = ConnectionSettings::parse(&database.url).unwrap();
    let holder = settings.connect().await.unwrap();
    holder
        .simple_query("BEGIN; LOCK TABLE public.\"User\" IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let error = catalog::read(&mut database.session).await.unwrap_err();
    assert_eq!(error.code(), Code::CatalogUnreadable);
    assert_eq!(error.sqlstate_code(), Some("55P03"));
    assert!(!error.hints().is_empty());
    holder.simple_query("ROLLBACK").await.unwrap();
    snapshot(&mut database).await;
}

#[tokio::test]
async fn the_stamps_of_a_debian_build_do_not_show() {
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        let before = snapshot(&mut database).await;
        database
            .run(
                "UPDATE pg_attribute SET attoptions = coalesce(attoptions, '{}') || ARRAY['pg_attver=' || attnum]
                 WHERE attrelid = 'public.\"User\"'::regclass AND attnum > 0",
            )
            .await;
        let stamped = "SELECT count(*) FROM pg_attribute WHERE attoptions::text LIKE '%pg_attver%'";
        assert_ne!(database.value(stamped).await.as_deref(), Some("0"));
        let after = snapshot(&mut database).await;
        assert_eq!(diff(&before, &after).lines(usize::MAX), Vec::<String>::new(), "on {major}");
        assert_eq!(before.fingerprint(), after.fingerprint());
        assert!(!dump(&after).contains("pg_attver"));
    }
}

#[tokio::test]
async fn no_secret_leaves_the_server() {
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        let json = serde_json::to_string(&snapshot(&mut database).await).unwrap();
        assert!(json.contains("from_afar") && json.contains("odd_server"));
        assert!(!json.contains("hunter2") && !json.contains("nowhere"), "on {major}");
    }
}

#[tokio::test]
async fn what_is_not_modelled_is_counted() {
    for major in underpin_testkit::majors() {
        let mut database = database(major).await;
        assert!(snapshot(&mut database).await.unmodelled().is_empty());
        database.run("SELECT lo_create(0); CREATE TYPE shell; CREATE TABLE t (a integer)").await;
        database.run(&format!("ALTER DATABASE {} SET work_mem = '5MB'", database.name)).await;
        database.run("CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))").await;
        let read = snapshot(&mut database).await;
        let kinds: Vec<&str> = read.unmodelled().keys().map(String::as_str).collect();
        let expected = [
            "large object",
            "setting of the database or of a role in it",
            "shell type",
            "transform",
        ];
        assert_eq!(kinds, expected, "on {major}");
    }
}

#[tokio::test]
async fn nothing_of_the_tools_is_a_fact() {
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        let text = dump(&snapshot(&mut database).await);
        assert!(!text.contains("underpin") && !text.contains("passing"), "on {major}");
        assert!(!text.contains("table public._prisma_migrations"), "on {major}");
    }
}

#[tokio::test]
async fn members_of_an_extension_are_not_facts() {
    for major in underpin_testkit::majors() {
        let mut database = database(major).await;
        if database.session.simple_query("CREATE EXTENSION citext").await.is_err() {
            continue; // not part of this tree
        }
        let text = dump(&snapshot(&mut database).await);
        assert!(text.starts_with("extension citext\n"), "{text}");
        assert!(text.contains("\n    schema: public\n    version: "), "{text}");
        assert_eq!(text.lines().filter(|line| !line.starts_with(' ')).count(), 2, "{text}");
    }
}

#[tokio::test]
async fn grants_on_other_schemas_are_left_out_of_a_restriction() {
    let major = underpin_testkit::majors()[0];
    let mut database = everything(major).await;
    let read = snapshot(&mut database).await;
    let public = read.restricted_to(&std::collections::BTreeSet::from(["public".to_owned()]));
    let app: Vec<String> = public
        .objects()
        .keys()
        .map(ToString::to_string)
        .filter(|id| id.contains("schema app") || id.contains("app."))
        .collect();
    assert_eq!(app, Vec::<String>::new());
}
