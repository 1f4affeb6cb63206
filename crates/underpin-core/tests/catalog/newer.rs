//! What only newer majors can express.

use underpin_core::catalog::diff;

use super::{database, everything, snapshot};

/// First major, a change of the database with one object of every kind, and what a line of the
/// difference must hold; an empty text stands for no difference.
const CHANGES: &[(u32, &str, &str)] = &[
    (
        14,
        "ALTER TABLE \"User\" ALTER big SET COMPRESSION pglz",
        "column public.User.big: compression pglz",
    ),
    (
        14,
        "CREATE STATISTICS more ON (age + 1), role FROM \"User\"",
        "extra    statistics public.more",
    ),
    (
        14,
        "CREATE OR REPLACE FUNCTION many() RETURNS TABLE (a integer, b \"Role\") LANGUAGE sql ROWS 5
         BEGIN ATOMIC SELECT 1, 'USER'::\"Role\"; END",
        "function public.many(): body",
    ),
    (
        14,
        "DROP TYPE float_range; CREATE TYPE float_range AS RANGE (subtype = double precision,
         subtype_diff = float_gap, multirange_type_name = ranges)",
        "range type public.float_range: multirange public.ranges",
    ),
    (
        15,
        "CREATE UNIQUE INDEX nnd ON \"User\" (age) NULLS NOT DISTINCT",
        "NULLS NOT DISTINCT)",
    ),
    (
        15,
        "ALTER VIEW grown SET (security_invoker = on)",
        "view public.grown: options security_barrier=true, security_invoker=true",
    ),
    (
        15,
        "ALTER PUBLICATION some_tables SET TABLE \"User\" (id, email), post WHERE (author > 1)",
        "tables public.User (email, id), public.post where (author > 1)",
    ),
    (
        15,
        "ALTER PUBLICATION some_tables ADD TABLES IN SCHEMA app",
        "publication some_tables: schemas app",
    ),
    (
        15,
        "ALTER TABLE post DROP CONSTRAINT post_author, ADD CONSTRAINT post_author FOREIGN KEY (author)
         REFERENCES \"User\" ON DELETE SET NULL (author) ON UPDATE SET NULL DEFERRABLE",
        "constraint public.post.post_author: definition",
    ),
    (
        18,
        "ALTER TABLE \"User\" ADD shout text GENERATED ALWAYS AS (upper(email)) VIRTUAL",
        "extra    column public.User.shout",
    ),
    (
        18,
        "ALTER TABLE dog ADD CONSTRAINT bred NOT NULL breed NOT VALID",
        "extra    constraint public.dog.bred (NOT NULL breed NOT VALID)",
    ),
    (
        18,
        "ALTER TABLE post ALTER CONSTRAINT post_author NOT ENFORCED",
        "constraint public.post.post_author: definition",
    ),
    (
        18,
        "CREATE EXTENSION IF NOT EXISTS btree_gist; ALTER TABLE post ADD CONSTRAINT lasting
         UNIQUE (slug, during WITHOUT OVERLAPS)",
        "WITHOUT OVERLAPS)",
    ),
    // The name of a validated NOT NULL constraint, which only 18 keeps, is no fact.
    (
        18,
        "ALTER TABLE \"User\" ALTER email DROP NOT NULL, ADD CONSTRAINT given NOT NULL email",
        "",
    ),
];

#[tokio::test]
async fn what_newer_majors_express_shows() {
    for major in underpin_testkit::majors() {
        let mut unseen = Vec::new();
        let before = snapshot(&mut everything(major).await).await;
        for (_, change, words) in CHANGES.iter().filter(|(first, ..)| major >= *first) {
            let mut changed = everything(major).await;
            if let Err(error) = changed.session.simple_query(change).await {
                // Contributed modules are not part of every tree.
                if !change.contains("CREATE EXTENSION") {
                    unseen.push(format!("{change}\n  fails: {error}"));
                }
                continue;
            }
            let lines = diff(&before, &snapshot(&mut changed).await).lines(usize::MAX);
            let seen = lines.iter().any(|line| !words.is_empty() && line.contains(words));
            if seen == words.is_empty() || words.is_empty() != lines.is_empty() {
                unseen.push(format!("{change}\n  wants: {words}\n  shows: {lines:?}"));
            }
        }
        assert!(unseen.is_empty(), "on {major}:\n{}", unseen.join("\n"));
    }
}

#[tokio::test]
async fn collations_of_icu_are_read_where_the_server_has_it() {
    for major in underpin_testkit::majors() {
        let mut database = database(major).await;
        database.run("CREATE TABLE t (a text)").await;
        let made = database
            .session
            .simple_query(
                "CREATE COLLATION swedish (provider = icu, locale = 'sv-SE', deterministic = false)",
            )
            .await;
        if made.is_err() {
            continue; // built without ICU
        }
        let read = snapshot(&mut database).await;
        let (_, attributes) =
            read.objects().iter().find(|(id, _)| id.name == "swedish").expect("the collation");
        let read: Vec<String> = attributes.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(read, ["deterministic=no", "locale=sv-SE", "provider=icu"], "on {major}");
    }
}
