//! The diagnosis against states whose truth is known, on real servers: every prefix, a hole at
//! every place, and random states of a history that has what makes it hard. The long form is
//! `./dev bench evidence`.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use underpin_core::replay::Piece;
use underpin_testkit::evidence::{Dice, Lab, Score, Trial};

/// A history with renames, an enum that grows and is rebuilt, guards, rows, and objects that come
/// and go.
const HISTORY: &[&str] = &[
    "CREATE TYPE \"Role\" AS ENUM ('USER', 'ADMIN'); \
     CREATE TABLE \"User\" (\"id\" text PRIMARY KEY, \"mail\" text NOT NULL, \"role\" \"Role\" NOT NULL DEFAULT 'USER'); \
     CREATE UNIQUE INDEX \"User_mail_key\" ON \"User\" (\"mail\");",
    "ALTER TABLE \"User\" ADD COLUMN \"name\" text;",
    "ALTER TYPE \"Role\" ADD VALUE 'GUEST';",
    "CREATE TABLE \"Post\" (\"id\" serial PRIMARY KEY, \"title\" text NOT NULL, \"userId\" text NOT NULL); \
     ALTER TABLE \"Post\" ADD CONSTRAINT \"Post_userId_fkey\" FOREIGN KEY (\"userId\") REFERENCES \"User\" (\"id\");",
    "ALTER TABLE \"User\" RENAME COLUMN \"mail\" TO \"email\";",
    "UPDATE \"User\" SET \"name\" = 'x' WHERE \"name\" IS NULL;",
    "ALTER TABLE \"User\" ADD COLUMN \"nick\" text;",
    "CREATE INDEX IF NOT EXISTS \"Post_userId_idx\" ON \"Post\" (\"userId\");",
    "ALTER TABLE \"User\" DROP COLUMN \"nick\";",
    "BEGIN; CREATE TYPE \"Role_new\" AS ENUM ('USER', 'OWNER'); \
     ALTER TABLE \"User\" ALTER COLUMN \"role\" DROP DEFAULT; \
     ALTER TABLE \"User\" ALTER COLUMN \"role\" TYPE \"Role_new\" USING (\"role\"::text::\"Role_new\"); \
     ALTER TYPE \"Role\" RENAME TO \"Role_old\"; ALTER TYPE \"Role_new\" RENAME TO \"Role\"; DROP TYPE \"Role_old\"; \
     ALTER TABLE \"User\" ALTER COLUMN \"role\" SET DEFAULT 'USER'; COMMIT;",
    "ALTER TABLE \"Post\" RENAME TO \"Article\"; ALTER INDEX \"Post_userId_idx\" RENAME TO \"Article_userId_idx\";",
    "ALTER TABLE \"Article\" ADD COLUMN \"rank\" integer NOT NULL DEFAULT 0, ADD COLUMN \"draft\" boolean;",
    "CREATE INDEX IF NOT EXISTS \"Article_userId_idx\" ON \"Article\" (\"userId\");",
    "ALTER TABLE \"Article\" ALTER COLUMN \"draft\" SET DEFAULT true; ALTER TABLE \"Article\" ALTER COLUMN \"draft\" SET NOT NULL;",
    "CREATE VIEW \"Owner\" AS SELECT \"id\", \"email\" FROM \"User\" WHERE \"role\" = 'OWNER';",
    "CREATE FUNCTION \"touch\"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; \
     CREATE TRIGGER \"Article_touch\" BEFORE UPDATE ON \"Article\" FOR EACH ROW EXECUTE FUNCTION \"touch\"();",
];

async fn lab(root: &Path) -> Lab {
    for (index, script) in HISTORY.iter().enumerate() {
        let one = root.join(format!("2025{index:010}_step"));
        std::fs::create_dir_all(&one).unwrap();
        std::fs::write(one.join("migration.sql"), script).unwrap();
    }
    let major = *underpin_testkit::majors().last().unwrap();
    Lab::new(root, major, None).await.unwrap()
}

fn nothing_wrong(score: &Score) {
    assert!(score.wrong.is_empty(), "{:#?}", score.wrong);
    assert_eq!(score.acted, 0);
    assert_eq!(score.partial.0, score.partial.1, "a half migration was called something else");
    assert_eq!(score.holes.0, score.holes.1, "a visible hole was not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_prefix_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path()).await;
    assert!(lab.failing().is_empty(), "{:?}", lab.failing());
    for count in 0..=lab.len() {
        nothing_wrong(&lab.prefix(count).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hole_is_found_or_said_to_be_undecidable() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path()).await;
    for hole in 0..lab.len() {
        let pieces = (0..lab.len()).filter(|i| *i != hole).map(Piece::whole).collect();
        let name = format!("hole {hole}");
        let trial = Trial { name, pieces, holes_in: Some(lab.len()), ..Trial::default() };
        nothing_wrong(&lab.judge(&trial).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_states_are_never_judged_wrongly() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path()).await;
    let mut dice = Dice::new(7);
    for _ in 0..30 {
        nothing_wrong(&lab.judge(&lab.random(&mut dice)).await.unwrap());
    }
}
