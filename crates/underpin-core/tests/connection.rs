//! From a URL to a session, against real servers: every `sslmode`, every way to log in, every
//! way to fail. No error may hold the password, raw or percent-encoded.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "connection/server.rs"]
mod server;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use server::{ENCODED, PASSWORD, Server, server};
use underpin_core::postgres::{ConnectionSettings, Session};
use underpin_core::{Code, Error};

fn settings(url: &str) -> ConnectionSettings {
    ConnectionSettings::parse(url).unwrap_or_else(|e| panic!("{e}: {:?}", e.hints()))
}

async fn open(url: &str) -> Session {
    let opened = settings(url).connect().await;
    opened.unwrap_or_else(|e| panic!("{url}: {e}: {:?} {:?}", e.causes(), e.hints()))
}

/// The failure of a connection, with its code and without the password.
async fn fail(url: &str, code: Code) -> Error {
    failure_of(&settings(url), code).await
}

async fn failure_of(settings: &ConnectionSettings, code: Code) -> Error {
    let Err(error) = settings.connect().await else { panic!("connected: {settings:?}") };
    let shown =
        format!("{error} {error:?} {settings:?} {}", serde_json::to_string(&error).unwrap());
    assert_eq!(error.code(), code, "{shown}");
    assert!(!error.hints().is_empty(), "no hint: {shown}");
    for secret in [PASSWORD, ENCODED, "wrong-password"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    error
}

fn says(error: &Error, words: &str) {
    let shown = serde_json::to_string(error).unwrap();
    assert!(shown.contains(words), "`{words}` is missing: {shown}");
}

async fn is_tls(session: &Session) -> bool {
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    session.value(sql).await.unwrap().as_deref() == Some("t")
}

fn url(server: &Server, role: &str, host: &str, query: &str) -> String {
    format!("postgres://{role}:{ENCODED}@{host}:{}/postgres?{query}", server.port)
}

fn root(server: &Server, name: &str) -> String {
    format!("sslrootcert={}", server.file(name).display())
}

#[tokio::test]
async fn verify_full_checks_chain_and_name() {
    let server = server();
    let ca = root(server, "ca.pem");
    let query = format!("sslmode=verify-full&{ca}");
    assert!(is_tls(&open(&url(server, "scram_user", "localhost", &query)).await).await);

    let error = fail(&url(server, "scram_user", "127.0.0.1", &query), Code::TlsFailed).await;
    says(&error, "subjectAltName");
    says(&error, "openssl s_client -starttls postgres");

    let other = format!("sslmode=verify-full&{}", root(server, "other-ca.pem"));
    let error = fail(&url(server, "scram_user", "localhost", &other), Code::TlsFailed).await;
    says(&error, "is not the CA");

    let system = url(server, "scram_user", "localhost", "sslrootcert=system");
    fail(&system, Code::TlsFailed).await;
    let strict = format!("sslaccept=strict&sslcert={}", server.file("ca.pem").display());
    assert!(is_tls(&open(&url(server, "scram_user", "localhost", &strict)).await).await);
    fail(&url(server, "scram_user", "127.0.0.1", &strict), Code::TlsFailed).await;
    // `hostaddr` says where, `host` says whom.
    let address = format!("{query}&hostaddr=127.0.0.1");
    open(&url(server, "scram_user", "localhost", &address)).await;
    fail(&url(server, "scram_user", "elsewhere.example", &address), Code::TlsFailed).await;
}

#[tokio::test]
async fn verify_ca_checks_the_chain_only() {
    let server = server();
    let query = format!("sslmode=verify-ca&{}", root(server, "ca.pem"));
    assert!(is_tls(&open(&url(server, "scram_user", "127.0.0.1", &query)).await).await);
    let other = format!("sslmode=verify-ca&{}", root(server, "other-ca.pem"));
    fail(&url(server, "scram_user", "127.0.0.1", &other), Code::TlsFailed).await;
    let missing = format!("sslmode=verify-ca&{}", root(server, "missing.pem"));
    says(
        &fail(&url(server, "scram_user", "localhost", &missing), Code::TlsFailed).await,
        "missing.pem",
    );
}

#[tokio::test]
async fn require_checks_nothing_unless_a_ca_is_given() {
    let server = server();
    assert!(is_tls(&open(&url(server, "scram_user", "127.0.0.1", "sslmode=require")).await).await);
    let other = format!("sslmode=require&{}", root(server, "other-ca.pem"));
    fail(&url(server, "scram_user", "127.0.0.1", &other), Code::TlsFailed).await;
    let good = format!("sslmode=require&{}", root(server, "ca.pem"));
    open(&url(server, "scram_user", "127.0.0.1", &good)).await;
    let accept = format!("{other}&sslaccept=accept_invalid_certs");
    open(&url(server, "scram_user", "127.0.0.1", &accept)).await;
    for version in ["ssl_min_protocol_version=TLSv1.3", "ssl_max_protocol_version=TLSv1.2"] {
        let query = format!("{good}&{version}&sslsni=0");
        let session = open(&url(server, "scram_user", "127.0.0.1", &query)).await;
        let sql = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let spoken = session.value(sql).await.unwrap().unwrap();
        assert!(version.ends_with(&spoken), "{version}: {spoken}");
    }
}

#[tokio::test]
async fn weak_modes_take_what_the_server_wants() {
    let server = server();
    for (role, mode, tls) in [
        ("scram_user", "disable", false),
        ("scram_user", "allow", false),
        ("tls_only", "allow", true),
        ("scram_user", "prefer", true),
        ("plain_only", "prefer", false),
    ] {
        let session = open(&url(server, role, "127.0.0.1", &format!("sslmode={mode}"))).await;
        assert_eq!(is_tls(&session).await, tls, "{role} {mode}");
    }
    let error =
        fail(&url(server, "tls_only", "127.0.0.1", "sslmode=disable"), Code::AccessDenied).await;
    says(&error, "sslmode=require");
    fail(&url(server, "plain_only", "127.0.0.1", "sslmode=require"), Code::AccessDenied).await;
}

#[tokio::test]
async fn a_revoked_certificate_is_refused() {
    let server = server();
    let query = |crl: &str| {
        let file = server.file(crl);
        format!("sslmode=verify-full&{}&sslcrl={}", root(server, "ca.pem"), file.display())
    };
    open(&url(server, "scram_user", "localhost", &query("empty.crl"))).await;
    let revoked = url(server, "scram_user", "localhost", &query("server.crl"));
    says(&fail(&revoked, Code::TlsFailed).await, "revoked");
    let not_a_list = url(server, "scram_user", "localhost", &query("ca.pem"));
    says(&fail(&not_a_list, Code::TlsFailed).await, "sslcrl");
}

#[tokio::test]
async fn channel_binding_is_kept() {
    let server = server();
    let session = |query: &str| url(server, "scram_user", "localhost", query);
    let query = format!("sslmode=verify-full&channel_binding=require&{}", root(server, "ca.pem"));
    open(&session(&query)).await;
    open(&session("sslmode=require&channel_binding=require")).await;
    open(&session("sslmode=require&channel_binding=disable")).await;
    let plain = session("sslmode=disable&channel_binding=require");
    says(&fail(&plain, Code::AuthenticationFailed).await, "channel_binding=require");
    // A server that asks for no password binds nothing.
    let trusted = url(server, "trusted", "localhost", "sslmode=require&channel_binding=require");
    fail(&trusted, Code::AuthenticationFailed).await;
}

#[tokio::test]
async fn a_client_certificate_logs_in() {
    let server = server();
    let (certificate, key) = (server.file("client.crt"), server.file("client.key"));
    let query = |key: &Path| {
        let ca = root(server, "ca.pem");
        format!(
            "sslmode=verify-full&{ca}&sslcert={}&sslkey={}",
            certificate.display(),
            key.display()
        )
    };
    let url =
        |query: &str| format!("postgres://cert_user@localhost:{}/postgres?{query}", server.port);
    let session = open(&url(&query(&key))).await;
    assert_eq!(session.value("SELECT current_user").await.unwrap().as_deref(), Some("cert_user"));

    fail(&url("sslmode=require"), Code::AuthenticationFailed).await;
    let open_key = server.private_copy("client.key", 0o644);
    says(&fail(&url(&query(&open_key)), Code::TlsFailed).await, "chmod 0600");
    // A key that is missing, is none, or belongs to another certificate.
    fail(&url(&query(&server.file("missing.key"))), Code::TlsFailed).await;
    fail(&url(&query(&server.file("client.crt"))), Code::TlsFailed).await;
    fail(&url(&query(&server.file("stranger.key"))), Code::TlsFailed).await;
    // A certificate of a CA that the server does not know: TLS 1.3 says so after the handshake.
    let (cert, key) = (server.file("stranger.crt"), server.file("stranger.key"));
    let stranger = format!("sslmode=require&sslcert={}&sslkey={}", cert.display(), key.display());
    fail(&url(&stranger), Code::TlsFailed).await;
}

#[tokio::test]
async fn cancel_goes_over_tls() {
    let server = server();
    let query = format!("sslmode=verify-full&{}", root(server, "ca.pem"));
    let settings = settings(&url(server, "scram_user", "localhost", &query));
    let session = settings.connect().await.unwrap();
    let token = session.cancel_token();
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        settings.cancel(&token).await.unwrap();
    };
    let (slept, ()) = tokio::join!(session.simple_query("SELECT pg_sleep(30)"), cancel);
    assert!(slept.unwrap_err().is("57014"));
}

#[tokio::test]
async fn a_server_without_tls_and_a_self_signed_one() {
    let server = Server::start_without_tls();
    let url = |host: &str, query: &str| url(&server, "scram_user", host, query);
    let error = fail(&url("localhost", "sslmode=require"), Code::TlsFailed).await;
    says(&error, "ssl = on");
    assert!(!is_tls(&open(&url("localhost", "sslmode=prefer")).await).await);
    let error =
        fail(&url("localhost", "channel_binding=require"), Code::AuthenticationFailed).await;
    says(&error, "channel_binding");

    // `openssl req -x509` marks what it makes as a CA; libpq takes it as its own root.
    server.run("ALTER SYSTEM SET ssl = on");
    server.run("SELECT pg_reload_conf()");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let root = format!("sslrootcert={}", server.file("server.crt").display());
    open(&url("localhost", &format!("sslmode=verify-full&{root}"))).await;
    open(&url("127.0.0.1", &format!("sslmode=verify-ca&{root}"))).await;
    fail(&url("127.0.0.1", &format!("sslmode=verify-full&{root}")), Code::TlsFailed).await;

    // A smart shutdown waits for this session and takes no other.
    let last = open(&url("localhost", "")).await;
    server.begin_shutdown();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let error = fail(&url("localhost", ""), Code::ServerBusy).await;
    assert_eq!(error.sqlstate_code(), Some("57P03"));
    let other = server::server();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", server.port, other.port);
    open(&format!("postgres://scram_user:{ENCODED}@{hosts}/postgres")).await;
    drop(last);
}

#[tokio::test]
async fn passwords_come_from_where_libpq_finds_them() {
    let server = server();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".pgpass");
    let escaped = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    let text =
        format!("# mine\n*:1:*:*:wrong-password\nlocalhost:*:postgres:scram_user:{escaped}\n");
    std::fs::write(&file, text).unwrap();
    let mode =
        |bits| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(bits)).unwrap();
    let url = format!("postgres://scram_user@localhost:{}/postgres", server.port);
    let resolve = |name: &str, value: &str| {
        let pairs = [(name.to_owned(), value.to_owned())];
        ConnectionSettings::resolve(&url, &pairs.into_iter().collect()).unwrap()
    };
    let home_path = home.path().display().to_string();

    mode(0o600);
    let settings = resolve("HOME", &home_path);
    assert!(settings.warnings().is_empty());
    settings.connect().await.unwrap();
    resolve("PGPASSFILE", &file.display().to_string()).connect().await.unwrap();
    resolve("PGPASSWORD", PASSWORD).connect().await.unwrap();
    // Another database has no line, so there is no password for it.
    failure_of(&settings.with_database("template1"), Code::AuthenticationFailed).await;

    mode(0o640);
    let ignored = resolve("HOME", &home_path);
    assert!(ignored.warnings()[0].contains("chmod 0600"), "{:?}", ignored.warnings());
    let error = failure_of(&ignored, Code::AuthenticationFailed).await;
    says(&error, "~/.pgpass");

    let error =
        failure_of(&resolve("PGPASSWORD", "wrong-password"), Code::AuthenticationFailed).await;
    says(&error, "PGPASSWORD");
    assert_eq!(error.sqlstate_code(), Some("28P01"));
}

#[tokio::test]
async fn a_service_fills_the_gaps() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services");
    let text = format!(
        "# one\n[other]\nhost=nowhere\n[shop]\nhost=127.0.0.1\nport={}\nuser=nobody\n\
         dbname=postgres\npassword={PASSWORD}\n",
        server.port
    );
    std::fs::write(&file, text).unwrap();
    let resolve = |url: &str| {
        let pairs = [("PGSERVICEFILE", file.to_str().unwrap()), ("PGPORT", "1")];
        ConnectionSettings::resolve(url, &pairs.into_iter().collect())
    };
    let settings = resolve("postgres://scram_user@/?service=shop").unwrap();
    let session = settings.connect().await.unwrap();
    assert_eq!(session.value("SELECT current_user").await.unwrap().as_deref(), Some("scram_user"));
    resolve("service=shop user=scram_user").unwrap().connect().await.unwrap();
    let error = resolve("postgres://?service=missing").unwrap_err();
    assert_eq!(error.code(), Code::InvalidUrl);
    says(&error, "[section]");
}

#[tokio::test]
async fn a_socket_needs_no_tls() {
    let server = server();
    let folder = server.socket_folder().display().to_string();
    let encoded = folder.replace('/', "%2F");
    for url in [
        format!(
            "postgres://scram_user:{ENCODED}@localhost:{}/postgres?host={folder}&sslmode=require",
            server.port
        ),
        format!("postgres://scram_user:{ENCODED}@{encoded}:{}/postgres", server.port),
    ] {
        let session = open(&url).await;
        assert!(!is_tls(&session).await);
    }
    let error = fail("postgres://u@/d?host=/nonexistent", Code::ServerUnreachable).await;
    says(&error, "/nonexistent/.s.PGSQL.5432");
}

#[tokio::test]
async fn refusals_have_codes() {
    let server = server();
    let at = |role: &str, password: &str, database: &str, query: &str| {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}?{query}", server.port)
    };
    let wrong = at("scram_user", "wrong-password", "postgres", "");
    let error = fail(&wrong, Code::AuthenticationFailed).await;
    says(&error, "psql 'host=127.0.0.1");
    says(&error, "the password comes from the URL");
    says(
        &fail(&at("scram_user", "", "postgres", ""), Code::AuthenticationFailed).await,
        "PGPASSWORD",
    );

    let error = fail(&at("scram_user", ENCODED, "no such", ""), Code::DatabaseMissing).await;
    says(&error, "createdb -h 127.0.0.1");
    assert_eq!(error.sqlstate_code(), Some("3D000"));

    says(&fail(&at("rejected", ENCODED, "postgres", ""), Code::AccessDenied).await, "pg_hba.conf");
    fail(&at("nobody_knows", ENCODED, "postgres", ""), Code::AccessDenied).await;
    says(
        &fail(&at("scram_user", ENCODED, "closed", ""), Code::AccessDenied).await,
        "GRANT CONNECT",
    );
    fail(&at("scram_user", ENCODED, "frozen", ""), Code::AccessDenied).await;
    says(&fail(&at("full", ENCODED, "postgres", ""), Code::ServerBusy).await, "pg_stat_activity");
    let options = at("scram_user", ENCODED, "postgres", "options=-c%20no_such%3D1");
    says(&fail(&options, Code::InvalidUrl).await, "options");
}

#[tokio::test]
async fn silence_and_absence_are_unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://u:{ENCODED}@127.0.0.1:{port}/d");
    let error = fail(&url, Code::ServerUnreachable).await;
    assert_eq!(error.message(), format!("can't reach the database server at `127.0.0.1:{port}`"));
    says(&error, &format!("pg_isready -h 127.0.0.1 -p {port}"));
    fail(&format!("postgres://u:{ENCODED}@no-such-host.invalid/d"), Code::ServerUnreachable).await;

    // It accepts and never answers: the timeout covers more than TCP.
    let hole = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = hole.local_addr().unwrap().port();
    for mode in ["disable", "allow", "prefer", "require"] {
        let url =
            format!("postgres://u:{ENCODED}@127.0.0.1:{port}/d?connect_timeout=1&sslmode={mode}");
        let started = Instant::now();
        says(&fail(&url, Code::ServerUnreachable).await, "no answer within 1 s");
        assert!(started.elapsed() < Duration::from_secs(3), "{mode}: {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn the_next_host_is_tried_when_one_is_down_and_not_when_one_refuses() {
    let server = server();
    let port = server.port;
    let at = |hosts: &str, password: &str, query: &str| {
        format!("postgres://scram_user:{password}@{hosts}/postgres?{query}")
    };
    let hosts = format!("127.0.0.1:1,127.0.0.1:{port}");
    open(&at(&hosts, ENCODED, "")).await;
    open(&at(&hosts, ENCODED, "target_session_attrs=read-write&load_balance_hosts=random")).await;
    open(&at(&hosts, ENCODED, "target_session_attrs=prefer-standby")).await;
    let error =
        fail(&at(&hosts, ENCODED, "target_session_attrs=standby"), Code::ServerUnreachable).await;
    assert_eq!(error.detail_lines().len(), 2, "{:?}", error.detail_lines());
    let read_only =
        "target_session_attrs=read-write&options=-c%20default_transaction_read_only%3Don";
    fail(&at(&hosts, ENCODED, read_only), Code::ReadOnly).await;
    // One wrong password, not two: the second host is not asked.
    let hosts = format!("127.0.0.1:{port},127.0.0.1:1");
    let error = fail(&at(&hosts, "wrong-password", ""), Code::AuthenticationFailed).await;
    assert!(error.detail_lines().is_empty());
}

#[tokio::test]
async fn the_session_starts_as_asked() {
    let server = server();
    let query = "schema=My%20%22odd%22%5C%20one&options=-c%20lock_timeout%3D5s&application_name=ci";
    let base = settings(&url(server, "scram_user", "127.0.0.1", query));
    let show = async |settings: &ConnectionSettings, name: &str| {
        let session = settings.connect().await.unwrap();
        session.value(&format!("SHOW {name}")).await.unwrap().unwrap()
    };
    assert_eq!(show(&base, "search_path").await, r#""My ""odd""\ one""#);
    assert_eq!(show(&base, "lock_timeout").await, "5s");
    assert_eq!(show(&base, "application_name").await, "ci");
    assert_eq!(show(&base.with_application_name("x"), "application_name").await, "x");
    let pooled = settings(&url(server, "scram_user", "127.0.0.1", "pgbouncer=true&schema=a%5Cb"));
    assert_eq!(show(&pooled, "search_path").await, r#""a\b""#);
    let other = base.with_database("template1").connect().await.unwrap();
    let name = other.value("SELECT current_database()").await.unwrap();
    assert_eq!(name.as_deref(), Some("template1"));
}
