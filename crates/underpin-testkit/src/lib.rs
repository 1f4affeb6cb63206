//! What Underpin's own tests stand on: real, throw-away PostgreSQL servers.
//!
//! Invariants: nothing here fakes PostgreSQL. One server per major and test process, a database
//! per test; the server ends with the process, however that ends. Which servers exist comes from
//! `UNDERPIN_TEST_PG` (a folder `<major>/bin/postgres`, made by `./dev setup`) or from what is
//! installed; which of them a run uses from `UNDERPIN_TEST_MAJORS`.

pub mod browser;
pub mod bucket;
pub mod evidence;
pub mod guide;
pub mod http_proxy;
pub mod lock_matrix;
pub mod machine;
pub mod npm;
pub mod pooler;
pub mod prisma;
pub mod proxy;
pub mod redis;
pub mod scenario;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use underpin_core::postgres::binaries::{SearchPlaces, ServerBinaries};
use underpin_core::postgres::cluster::{Cluster, ClusterOptions};
use underpin_core::postgres::{Session, identifier};

/// Majors that the short run uses when `UNDERPIN_TEST_MAJORS` is not set.
const DEFAULT_MAJORS: &[u32] = &[15, 18];

/// A running server of one major, shared by the tests of a process.
pub struct Server {
    cluster: Cluster,
    binaries: ServerBinaries,
    databases: AtomicU32,
}

/// A database of its own for one test.
pub struct TestDatabase {
    /// A superuser session with it.
    pub session: Session,
    /// Its URL, as superuser.
    pub url: String,
    /// Its name.
    pub name: String,
}

/// The folder of the throw-away PostgreSQL trees.
#[must_use]
pub fn trees() -> PathBuf {
    std::env::var_os("UNDERPIN_TEST_PG").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.dev/pg"),
        PathBuf::from,
    )
}

/// The binaries of `major`, if this machine has them.
#[must_use]
pub fn binaries(major: u32) -> Option<ServerBinaries> {
    ServerBinaries::at(&trees().join(major.to_string()).join("bin")).ok().or_else(|| {
        let places = SearchPlaces { path: std::env::var_os("PATH"), ..SearchPlaces::default() };
        places.of_major(major)
    })
}

/// The folder of the oldest `pg_dump` that knows a server of `major`.
#[must_use]
pub fn clients(major: u32) -> Option<PathBuf> {
    let folder = |client: u32| trees().join(format!("clients/{client}/bin"));
    (major..=18).map(folder).find(|folder| folder.join("pg_dump").is_file())
}

/// The majors that this test run uses, lowest first. Never empty: a machine without any
/// PostgreSQL fails here, with what to do.
///
/// # Panics
/// When none of the wanted majors is installed.
#[must_use]
pub fn majors() -> Vec<u32> {
    let wanted: Vec<u32> = match std::env::var("UNDERPIN_TEST_MAJORS") {
        Ok(list) => list.split_whitespace().filter_map(|m| m.parse().ok()).collect(),
        Err(_) => DEFAULT_MAJORS.to_vec(),
    };
    let found: Vec<u32> = wanted.iter().copied().filter(|m| binaries(*m).is_some()).collect();
    assert!(
        !found.is_empty(),
        "no PostgreSQL of {wanted:?} found in {}: run ./dev setup",
        trees().display()
    );
    found
}

/// Where cluster templates are kept between test runs.
#[must_use]
pub fn cache() -> PathBuf {
    std::env::temp_dir().join(format!("underpin-test-cache-{}", rustix_uid()))
}

fn rustix_uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").map_or(0, |m| m.uid())
}

/// The shared server of `major`.
///
/// # Panics
/// When the major is not installed or the server does not start.
pub async fn server(major: u32) -> Arc<Server> {
    static SERVERS: OnceLock<tokio::sync::Mutex<BTreeMap<u32, Arc<Server>>>> = OnceLock::new();
    let mut servers = SERVERS.get_or_init(Default::default).lock().await;
    if let Some(server) = servers.get(&major) {
        return Arc::clone(server);
    }
    let server = Arc::new(Server::start(major, &[]).await);
    servers.insert(major, Arc::clone(&server));
    server
}

/// The role of every test server that has to give a password; all others are trusted.
pub const PASSWORD_ROLE: &str = "with_password";

/// The first line of `pg_hba.conf` that matches decides (manual §20.1), so ours goes first.
#[allow(clippy::expect_used)]
async fn demand_a_password(cluster: &Cluster) {
    let path = cluster.socket_folder().join("data/pg_hba.conf");
    let rest = std::fs::read_to_string(&path).expect("the test server has a pg_hba.conf");
    std::fs::write(&path, format!("local all {PASSWORD_ROLE} scram-sha-256\n{rest}"))
        .expect("it can be written");
    let admin = cluster.connect("postgres").await.expect("the test server answers");
    let sql = format!(
        "CREATE ROLE {PASSWORD_ROLE} LOGIN PASSWORD 'correct horse'; SELECT pg_reload_conf()"
    );
    admin.simple_query(&sql).await.expect("a role can be created");
}

impl Server {
    /// A server of its own with further settings (`name=value`).
    ///
    /// # Panics
    /// When the major is not installed or the server does not start.
    #[allow(clippy::expect_used, clippy::panic)]
    pub async fn start(major: u32, settings: &[&str]) -> Self {
        let binaries = binaries(major).unwrap_or_else(|| {
            panic!("no PostgreSQL {major} in {}: run ./dev setup", trees().display())
        });
        let options = ClusterOptions {
            binaries: binaries.clone(),
            cache: cache(),
            settings: settings.iter().map(|&s| s.to_owned()).collect(),
            room_bytes: 0,
        };
        let cluster =
            Cluster::start(&options).await.unwrap_or_else(|e| panic!("{e}: {:?}", e.causes()));
        demand_a_password(&cluster).await;
        Self { cluster, binaries, databases: AtomicU32::new(0) }
    }

    /// The cluster behind it.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The binaries that it runs.
    #[must_use]
    pub fn binaries(&self) -> &ServerBinaries {
        &self.binaries
    }

    /// A new, empty database.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn database(&self) -> TestDatabase {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.database_named(&name).await
    }

    /// A new, empty database of this name.
    ///
    /// # Panics
    /// When the server refuses.
    #[allow(clippy::expect_used)]
    pub async fn database_named(&self, name: &str) -> TestDatabase {
        let admin = self.cluster.connect("postgres").await.expect("the test server answers");
        let sql = format!("CREATE DATABASE {} TEMPLATE template0", identifier(name));
        admin.simple_query(&sql).await.expect("a test database can be created");
        let session = self.cluster.connect(name).await.expect("the test database answers");
        TestDatabase { session, url: self.cluster.url(name), name: name.to_owned() }
    }
}

impl TestDatabase {
    /// Runs a script as superuser.
    ///
    /// # Panics
    /// When the server refuses it.
    #[allow(clippy::panic)]
    pub async fn run(&self, sql: &str) {
        if let Err(error) = self.session.simple_query(sql).await {
            panic!("{error}\n{sql}");
        }
    }

    /// The first value of a query, as text.
    ///
    /// # Panics
    /// When the server refuses it.
    #[allow(clippy::panic)]
    pub async fn value(&self, sql: &str) -> Option<String> {
        self.session.value(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }
}
