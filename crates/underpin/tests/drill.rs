//! The drill: a bad migration destroys a database, and one command brings it back. And what a
//! machine without room for the copy may not say of a backup or of a migration.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

use underpin_core::postgres::{ConnectionSettings, Session};
use underpin_testkit::{Server, clients, majors};

const GIVEN: &str = "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE, about jsonb, seen timestamptz, photo bytea);
CREATE TABLE orders (id int PRIMARY KEY, user_id bigint REFERENCES users, price numeric(12, 2));
CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2022-01-01');";
const ROWS: &str = r"INSERT INTO users (email, about, seen, photo) SELECT 'u' || i || '@example.org', jsonb_build_object('n', i, 't', E'tab\t'), '2026-02-14 10:30:00+00'::timestamptz + i * interval '1 s', decode(md5(i::text), 'hex') FROM generate_series(1, 3000) i;
INSERT INTO orders SELECT i, i, i * 1.1 FROM generate_series(1, 2000) i;
INSERT INTO events SELECT i, '2020-01-01'::date + i FROM generate_series(1, 500) i";
/// Everything goes: rows, a column, a table, a type.
const BAD: &str = "UPDATE users SET email = NULL;\nALTER TABLE users DROP COLUMN about;\nALTER TABLE users ALTER COLUMN seen TYPE date;\nDROP TABLE orders;\nTRUNCATE events;\nCREATE TABLE wreck (id int);\n";

/// A checksum of every row of every table, by the server; and the catalog's own of columns, keys and
/// sequences.
async fn checksums(session: &Session) -> Vec<String> {
    let tables = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.oid >= 16384 \
        AND c.relnamespace = 'public'::regnamespace ORDER BY 1";
    let mut sums = Vec::new();
    for table in session.rows(tables).await.unwrap().into_iter().flatten().flatten() {
        let sql = format!(
            "SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\")) || ' ' || count(*) FROM {table} t"
        );
        sums.push(format!("{table} {:?}", session.value(&sql).await.unwrap()));
    }
    for sql in [
        "SELECT string_agg(a.attrelid::regclass || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY 1, a.attnum) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped",
        "SELECT string_agg(conname || ' ' || pg_get_constraintdef(oid), ', ' ORDER BY conname) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
        "SELECT last_value::text FROM pg_sequences WHERE sequencename = 'users_id_seq'",
    ] {
        // Another aggregate order would be another text.
        let sql =
            sql.replace("ORDER BY 1, a.attnum", "ORDER BY a.attrelid::regclass::text, a.attname");
        sums.push(session.value(&sql).await.unwrap().unwrap_or_default());
    }
    sums
}

struct Stage {
    server: std::sync::Arc<Server>,
    clients: std::path::PathBuf,
    folder: tempfile::TempDir,
    url: String,
}

impl Stage {
    fn underpin(&self, arguments: &[&str]) -> Output {
        self.output(Command::new(env!("CARGO_BIN_EXE_underpin")).args(arguments))
    }

    /// Runs a program in the project, with nothing of our own surroundings.
    fn output(&self, command: &mut Command) -> Output {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.folder.path())
            .env("UNDERPIN_CACHE_DIR", self.folder.path().join(".cache"))
            .env("UNDERPIN_PG_BIN", &self.server.binaries().folder)
            .env("UNDERPIN_PG_CLIENTS", &self.clients)
            .env("DATABASE_URL", &self.url)
            .output()
            .unwrap()
    }

    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.underpin(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn migration(&self, name: &str, script: &str) {
        let folder = self.folder.path().join("prisma/migrations").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("migration.sql"), script).unwrap();
    }

    async fn session(&self) -> Session {
        ConnectionSettings::parse(&self.url).unwrap().connect().await.unwrap()
    }
}

/// Deployed with a policy that backs up, destroyed by the migration, brought back with one command:
/// every table to the bit, and the history without the bad migration.
#[tokio::test(flavor = "multi_thread")]
async fn one_command_brings_back_what_a_bad_migration_destroyed() {
    for major in majors() {
        let Some(clients) = (major..=18).find_map(clients) else { continue };
        let server = underpin_testkit::server(major).await;
        let database = server.database().await;
        let stage = Stage {
            url: database.url.clone(),
            server: std::sync::Arc::clone(&server),
            clients,
            folder: tempfile::tempdir().unwrap(),
        };
        let settings = "version = 1\n[backup]\nfolder = \"backups\"\n";
        std::fs::write(stage.folder.path().join("underpin.toml"), settings).unwrap();
        stage.migration("20260101000000_init", GIVEN);
        stage.succeeds(&["deploy"]);
        database.run(ROWS).await;
        let before = checksums(&stage.session().await).await;
        stage.migration("20260102000000_bad", BAD);
        let deployed = stage.succeeds(&["deploy"]);
        assert!(deployed.contains("Backup: "), "{deployed}");
        let destroyed = checksums(&stage.session().await).await;
        assert_ne!(destroyed, before);
        drop(database.session);
        // The one command.
        stage.succeeds(&["backup", "restore", "last", "--confirm", &database.name]);
        assert_eq!(checksums(&stage.session().await).await, before, "{major}");
        let kept = stage.session().await;
        let name = kept.value("SELECT datname FROM pg_database WHERE datname LIKE current_database() || '\\_before\\_%'").await;
        let old =
            ConnectionSettings::parse(&stage.url).unwrap().with_database(&name.unwrap().unwrap());
        assert_eq!(checksums(&old.connect().await.unwrap()).await, destroyed, "the wreck is kept");
        let status = stage.underpin(&["status"]);
        assert_eq!(status.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&status.stdout).contains("20260102000000_bad"));
    }
}

/// No dump begins while a migration of anybody's is under way, and a deploy's own is over before its
/// first statement: CREATE INDEX CONCURRENTLY waits for every older snapshot.
#[tokio::test(flavor = "multi_thread")]
async fn no_snapshot_holds_up_an_index_build() {
    for major in majors() {
        let Some(clients) = (major..=18).find_map(clients) else { continue };
        let server = underpin_testkit::server(major).await;
        let database = server.database().await;
        let stage = Stage {
            url: database.url.clone(),
            server: std::sync::Arc::clone(&server),
            clients,
            folder: tempfile::tempdir().unwrap(),
        };
        let settings = "version = 1\n[backup]\nfolder = \"backups\"\nbefore_deploy = \"always\"\n";
        std::fs::write(stage.folder.path().join("underpin.toml"), settings).unwrap();
        stage.migration("20260101000000_init", GIVEN);
        stage.succeeds(&["deploy"]);
        let before = stage.succeeds(&["backup", "list"]);
        let migrating = stage.session().await;
        migrating.simple_query("SELECT pg_advisory_lock(72707369)").await.unwrap();
        let refused = stage.underpin(&["backup", "create", "--wait", "1"]);
        let words = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success(), "{major}");
        assert!(words.contains("UP-4001") && words.contains("a migration is under way"), "{words}");
        assert_eq!(stage.succeeds(&["backup", "list"]), before, "{major}");
        migrating.simple_query("SELECT pg_advisory_unlock(72707369)").await.unwrap();
        stage.succeeds(&["backup", "create", "--wait", "1"]);
        assert_ne!(stage.succeeds(&["backup", "list"]), before, "{major}");
        let index = "CREATE INDEX CONCURRENTLY orders_price ON orders (price);";
        stage.migration("20260102000000_index", index);
        // It would wait for its own snapshot without end.
        let program = env!("CARGO_BIN_EXE_underpin");
        let deployed = stage.output(Command::new("timeout").args(["60", program, "deploy"]));
        let words = String::from_utf8_lossy(&deployed.stdout);
        assert!(deployed.status.success() && words.contains("Backup: "), "{major}: {deployed:?}");
        let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_price'::regclass";
        let valid = stage.session().await.value(valid).await.unwrap();
        assert_eq!(valid.as_deref(), Some("t"), "{major}");
    }
}

/// About 40 MB that do not compress, and a migration that writes them anew.
const WIDE: &str = "INSERT INTO wide SELECT i, (SELECT string_agg(md5(random()::text || i || j), '') \
    FROM generate_series(1, 60) j) AS filler FROM generate_series(1, 20000) i";

impl Stage {
    /// [`Stage::underpin`] where scratch servers have a disk of so many megabytes.
    fn cramped(&self, megabytes: u32, arguments: &[&str]) -> Output {
        // The server's own folder may be on the disk that is hidden.
        let socket = self.server.cluster().socket_folder().display();
        let mount = format!(
            "mkdir kept && mount --bind {socket} kept && mount -t tmpfs -o size={megabytes}m,mode=0777 tmpfs /dev/shm \
             && mkdir -p {socket} && mount --bind kept {socket} && export TMPDIR=/dev/shm && exec \"$@\""
        );
        let _left = std::fs::remove_dir(self.folder.path().join("kept"));
        let program = env!("CARGO_BIN_EXE_underpin");
        let mut command = Command::new("unshare");
        self.output(command.args(["-m", "sh", "-c", &mount, "sh", program]).args(arguments))
    }
}

/// Another file system can be mounted in a namespace of its own: as root, mostly.
fn may_mount() -> bool {
    let mount = "mount -t tmpfs -o size=1m tmpfs /dev/shm";
    let status = Command::new("unshare").args(["-m", "sh", "-c", mount]).output();
    status.is_ok_and(|output| output.status.success())
}

/// A disk that is full where the copy is says nothing of the backup, nor of the migration.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_without_room_proves_nothing() {
    if !may_mount() {
        return; // no file system can be mounted here
    }
    let major = majors()[0];
    let Some(clients) = (major..=18).find_map(clients) else { return };
    let server = underpin_testkit::server(major).await;
    let database = server.database().await;
    let stage = Stage {
        url: database.url.clone(),
        server: std::sync::Arc::clone(&server),
        clients,
        folder: tempfile::tempdir().unwrap(),
    };
    let settings = "version = 1\n[backup]\nfolder = \"backups\"\n";
    std::fs::write(stage.folder.path().join("underpin.toml"), settings).unwrap();
    stage.migration("20260101000000_init", "CREATE TABLE wide (i int, filler text);");
    stage.succeeds(&["deploy"]);
    database.run(WIDE).await;
    let copies = ["a", "b", "c"].map(|name| format!("CREATE TABLE {name} AS SELECT * FROM wide;"));
    stage.migration("20260102000000_more", &copies.join("\n"));
    stage.succeeds(&["backup", "create"]);
    // Once with room, so that the scratch server's template is there.
    stage.succeeds(&["backup", "check", "last", "--level", "1"]);
    for arguments in [&["backup", "check", "last", "--level", "5"][..], &["rehearse"]] {
        let full = stage.cramped(60, arguments);
        let text = String::from_utf8_lossy(&full.stderr).into_owned();
        assert_eq!(full.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(text.contains("No space left on device"), "{arguments:?}: {text}");
        assert!(text.contains("error[UP-3102]"), "{arguments:?}: {text}");
        assert!(text.contains("TMPDIR"), "{arguments:?}: {text}");
    }
    // Restored, and then full while the migration runs.
    let full = stage.cramped(150, &["rehearse"]);
    let text = String::from_utf8_lossy(&full.stderr).into_owned();
    assert!(text.contains("53100") && text.contains("error[UP-3102]"), "{text}");
    let drilled = stage.cramped(150, &["backup", "check", "last", "--level", "6"]);
    let text = String::from_utf8_lossy(&drilled.stderr).into_owned();
    assert!(text.contains("53100") && text.contains("error[UP-3102]"), "{text}");
    let list = stage.succeeds(&["backup", "list"]);
    assert!(!list.contains("bad") && list.contains("decodable"), "{list}");
    let checked = stage.succeeds(&["backup", "check", "last", "--level", "6"]);
    assert!(checked.contains("level 6"), "{checked}");
}
