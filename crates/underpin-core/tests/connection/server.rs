//! A PostgreSQL with TLS on a loopback port, with a private CA made for it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's server")]

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use underpin_core::postgres::ConnectionSettings;

/// The password of every role, with characters that URLs and files must escape.
pub(crate) const PASSWORD: &str = "p:ss/w?rd@1%\\ö";
/// The same in a URL.
pub(crate) const ENCODED: &str = "p%3Ass%2Fw%3Frd%401%25%5C%C3%B6";

const HBA: &str = "\
local     all  postgres                  trust
local     all  scram_user                scram-sha-256
hostssl   all  cert_user   127.0.0.1/32  cert
hostnossl all  plain_only  127.0.0.1/32  scram-sha-256
hostssl   all  tls_only    127.0.0.1/32  scram-sha-256
host      all  rejected    127.0.0.1/32  reject
host      all  trusted     127.0.0.1/32  trust
host      all  scram_user  127.0.0.1/32  scram-sha-256
host      all  full        127.0.0.1/32  scram-sha-256
";

/// A running server. Its shell ends it when this process is gone, however it ended.
pub(crate) struct Server {
    pub(crate) port: u16,
    folder: PathBuf,
    shell: Child,
}

/// The server with TLS that all tests of this process share.
pub(crate) fn server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| {
        let server = Server::start(true, certificates);
        server.run(&format!(
            "SET password_encryption = 'scram-sha-256'; \
             CREATE ROLE scram_user LOGIN PASSWORD '{PASSWORD}'; \
             CREATE ROLE plain_only LOGIN PASSWORD '{PASSWORD}'; \
             CREATE ROLE tls_only LOGIN PASSWORD '{PASSWORD}'; \
             CREATE ROLE full LOGIN CONNECTION LIMIT 0 PASSWORD '{PASSWORD}'; \
             CREATE ROLE rejected LOGIN; CREATE ROLE cert_user LOGIN; CREATE ROLE trusted LOGIN"
        ));
        for sql in [
            "CREATE DATABASE closed",
            "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
            "CREATE DATABASE frozen ALLOW_CONNECTIONS false",
        ] {
            server.run(sql);
        }
        server
    })
}

impl Server {
    /// A server with TLS off and a self-signed certificate at hand.
    pub(crate) fn start_without_tls() -> Self {
        let server = Self::start(false, self_signed);
        server.run(&format!("CREATE ROLE scram_user LOGIN PASSWORD '{PASSWORD}'"));
        server
    }

    fn start(tls: bool, make_certificates: fn(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let data = folder.join("data");
        make_certificates(&folder);
        give_away(&folder);
        let mut initdb = Command::new(binaries().join("initdb"));
        initdb.args(["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C", "-D"]);
        let made = switch_user(initdb.arg(&data)).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(data.join("pg_hba.conf"), HBA).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shown = folder.display();
        let mut configuration = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{shown}'\n\
             fsync = off\nssl_cert_file = '{shown}/server.crt'\nssl_key_file = '{shown}/server.key'\n"
        );
        if tls {
            configuration.push_str(&format!("ssl = on\nssl_ca_file = '{shown}/ca.pem'\n"));
        }
        std::fs::write(data.join("postgresql.auto.conf"), configuration).unwrap();
        let script = r#""$1/postgres" -D "$2/data" >"$2/log" 2>&1 </dev/null & pid=$!
            cat >/dev/null; kill -INT $pid; wait $pid; rm -rf "$2""#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(binaries()).arg(&folder).stdin(Stdio::piped());
        let shell = switch_user(shell.process_group(0)).spawn().unwrap();
        let server = Self { port, folder, shell };
        server.wait();
        server
    }

    fn wait(&self) {
        for _ in 0..200 {
            if self.try_run("SELECT 1").is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{}", std::fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// Runs `sql` as superuser, through the socket, on a runtime of its own: tests have theirs.
    pub(crate) fn run(&self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    fn try_run(&self, sql: &str) -> Result<(), String> {
        let folder = self.folder.display();
        let url = format!("postgres://postgres@/postgres?host={folder}&port={}", self.port);
        let work = async {
            let settings = ConnectionSettings::parse(&url).map_err(|e| e.to_string())?;
            let session = settings.connect().await.map_err(|e| e.to_string())?;
            session.simple_query(sql).await.map(drop).map_err(|e| e.to_string())
        };
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
        std::thread::scope(|scope| {
            scope.spawn(|| runtime().unwrap().block_on(work)).join().unwrap()
        })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// Asks for a smart shutdown (manual §19.5): open sessions may end in peace.
    pub(crate) fn begin_shutdown(&self) {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = text.lines().next().unwrap().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// A copy of a file with other permissions.
    pub(crate) fn private_copy(&self, name: &str, mode: u32) -> PathBuf {
        let copy = self.folder.join(format!("{mode:o}-{name}"));
        std::fs::copy(self.file(name), &copy).unwrap();
        std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(mode)).unwrap();
        copy
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ended = self.shell.wait();
    }
}

/// The newest PostgreSQL that the system's packages have installed.
fn binaries() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").unwrap().flatten();
    let newest = installed.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok()).max();
    format!("/usr/lib/postgresql/{}/bin", newest.expect("no PostgreSQL is installed")).into()
}

/// PostgreSQL refuses to run as root.
fn unprivileged() -> Option<(u32, u32)> {
    rustix::process::geteuid().is_root().then_some((65534, 65534))
}

fn switch_user(command: &mut Command) -> &mut Command {
    match unprivileged() {
        Some((uid, gid)) => command.uid(uid).gid(gid).current_dir("/"),
        None => command,
    }
}

fn give_away(folder: &Path) {
    let Some((uid, gid)) = unprivileged() else { return };
    chown(folder, Some(uid), Some(gid)).unwrap();
    for file in std::fs::read_dir(folder).unwrap().flatten() {
        chown(file.path(), Some(uid), Some(gid)).unwrap();
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (pem, Issuer::new(params, key))
}

fn leaf(folder: &Path, file: &str, params: CertificateParams, issuer: &Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    write(folder, &format!("{file}.crt"), &certificate.pem());
    write(folder, &format!("{file}.key"), &key.serialize_pem());
}

fn certificates(folder: &Path) {
    let (ca, issuer) = authority("Underpin test CA");
    let (other_ca, other_issuer) = authority("Another CA");
    write(folder, "ca.pem", &ca);
    write(folder, "other-ca.pem", &other_ca);
    let serial = SerialNumber::from(4711);
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    server.serial_number = Some(serial.clone());
    leaf(folder, "server", server, &issuer);
    let client = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    leaf(folder, "client", client("cert_user"), &issuer);
    leaf(folder, "stranger", client("cert_user"), &other_issuer);
    let revoked = RevokedCertParams {
        serial_number: serial,
        revocation_time: date_time_ymd(2024, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    for (name, revoked_certs) in [("empty.crl", Vec::new()), ("server.crl", vec![revoked])] {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2096, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        write(folder, name, &list.signed_by(&issuer).unwrap().pem().unwrap());
    }
}

/// What `openssl req -x509` makes.
fn self_signed(folder: &Path) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    write(folder, "server.crt", &params.self_signed(&key).unwrap().pem());
    write(folder, "server.key", &key.serialize_pem());
}
