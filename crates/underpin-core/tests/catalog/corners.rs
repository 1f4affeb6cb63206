//! Corners that a snapshot once got wrong, and one that it leaves out on purpose: one test each.

use underpin_core::catalog::diff;

use super::{database, dump, everything, snapshot};

/// The difference between two reads of one database around a statement.
async fn around(major: u32, setup: &str, change: &str) -> Vec<String> {
    let mut database = database(major).await;
    database.run(setup).await;
    let before = snapshot(&mut database).await;
    database.run(change).await;
    diff(&before, &snapshot(&mut database).await).lines(usize::MAX)
}

/// The difference between what two roles make of one script.
async fn between_roles(major: u32, script: &str) -> Vec<String> {
    let (mut one, mut other) = (database(major).await, database(major).await);
    one.run(script).await;
    let allow = format!(
        "GRANT CREATE ON DATABASE {} TO test_owner; GRANT CREATE ON SCHEMA public TO test_owner",
        other.name
    );
    other.run(&allow).await;
    other.run("SET ROLE test_owner").await;
    other.run(script).await;
    let (one, other) = (snapshot(&mut one).await, snapshot(&mut other).await);
    diff(&one, &other).lines(usize::MAX)
}

#[tokio::test]
async fn moments_do_not_depend_on_the_reader_s_time_zone() {
    for major in underpin_testkit::majors() {
        let setup =
            "CREATE TABLE moments (at timestamptz DEFAULT '2024-01-01 00:00+00'::timestamptz);
            SET TimeZone = 'UTC'";
        let lines = around(major, setup, "SET TimeZone = 'Asia/Tokyo'").await;
        assert_eq!(lines, Vec::<String>::new(), "on {major}");
    }
}

#[tokio::test]
async fn the_role_that_migrates_has_no_name_before_the_first_table() {
    for major in underpin_testkit::majors() {
        let lines = between_roles(major, "CREATE TYPE e AS ENUM ('a'); CREATE SCHEMA s").await;
        assert_eq!(lines, Vec::<String>::new(), "on {major}");
    }
}

#[tokio::test]
async fn the_role_that_migrates_has_no_name_as_grantee() {
    for major in underpin_testkit::majors() {
        let script = "CREATE TABLE t (a integer); REVOKE INSERT ON t FROM CURRENT_USER";
        assert_eq!(between_roles(major, script).await, Vec::<String>::new(), "on {major}");
    }
}

#[tokio::test]
async fn a_grant_on_the_sequence_of_an_identity_column_shows() {
    for major in underpin_testkit::majors() {
        let setup = "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY);
            GRANT USAGE ON SEQUENCE t_id_seq TO test_reader";
        let lines =
            around(major, setup, "REVOKE USAGE ON SEQUENCE t_id_seq FROM test_reader").await;
        assert_eq!(lines.len(), 1, "on {major}: {lines:?}");
    }
}

/// Who may use `public` is the installation's business, not the folder's (ADR 2): a snapshot that
/// held it would refuse every hosted database, whose provider grants it to roles of its own.
#[tokio::test]
async fn a_privilege_on_the_schema_public_is_no_fact() {
    for major in underpin_testkit::majors() {
        let setup = "GRANT USAGE ON SCHEMA public TO test_reader";
        let lines = around(major, setup, "REVOKE USAGE ON SCHEMA public FROM test_reader").await;
        assert_eq!(lines, Vec::<String>::new(), "on {major}");
    }
}

#[tokio::test]
async fn the_order_of_an_exclusion_constraint_s_options_is_no_fact() {
    for major in underpin_testkit::majors() {
        let made = |options: &str| {
            format!(
                "CREATE TABLE t (a integer, CONSTRAINT x EXCLUDE USING btree (a WITH =) WITH ({options}))"
            )
        };
        let (one, other) = (
            "fillfactor = 60, deduplicate_items = off",
            "deduplicate_items = off, fillfactor = 60",
        );
        let change = format!("DROP TABLE t; {}", made(other));
        assert_eq!(around(major, &made(one), &change).await, Vec::<String>::new(), "on {major}");
    }
}

#[tokio::test]
async fn a_sequence_of_the_history_table_is_no_fact() {
    for major in underpin_testkit::majors() {
        let mut database = everything(major).await;
        let text = dump(&snapshot(&mut database).await);
        assert!(!text.contains("_prisma_migrations"), "on {major}");
    }
}
