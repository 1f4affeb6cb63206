//! Connection settings: from a URL to an open [`Session`](super::Session).
//!
//! Layers, strongest first: the URL (or libpq string), the service file, the `PG*` variables,
//! defaults. A host is `localhost` by default and the database `postgres`, as in Prisma (in a
//! libpq string the database is the role's name, as there).

mod connect;
mod environment;
mod failure;
mod keyvalue;
mod libpq;
mod parameters;
mod passfile;
mod psql;
mod resolve;
mod service;
#[cfg(test)]
mod tests;
mod tls;
mod url;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

pub use environment::Environment;

use crate::error::Result;
use connect::Target;
use parameters::Origin;
use passfile::Passfile;
use tls::TlsSettings;

/// Where and how to connect. `Debug` shows no password.
#[derive(Clone)]
pub struct ConnectionSettings {
    endpoints: Vec<Endpoint>,
    user: String,
    database: String,
    password: Option<(String, Origin)>,
    passfile: Arc<Passfile>,
    schema: String,
    application_name: String,
    options: Option<String>,
    tls: TlsSettings,
    channel_binding: ChannelBinding,
    connect_timeout: Option<Duration>,
    socket_timeout: Option<Duration>,
    keepalives: Option<Keepalives>,
    tcp_user_timeout: Option<Duration>,
    target: Target,
    random_order: bool,
    pgbouncer: bool,
    warnings: Vec<String>,
}

/// One server of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint {
    host: Host,
    /// `hostaddr`: connect there, and check the certificate against the host's name.
    address: Option<IpAddr>,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    /// The folder of a Unix socket.
    Socket(PathBuf),
}

/// Probes of an idle TCP connection.
#[derive(Debug, Clone)]
struct Keepalives {
    idle: Duration,
    interval: Duration,
    retries: u32,
}

impl Endpoint {
    fn name(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::Socket(folder) => folder.display().to_string(),
        }
    }

    fn address(&self) -> String {
        match &self.host {
            Host::Name(name) if name.contains(':') => format!("[{name}]:{}", self.port),
            Host::Name(name) => format!("{name}:{}", self.port),
            Host::Socket(folder) => {
                folder.join(format!(".s.PGSQL.{}", self.port)).display().to_string()
            }
        }
    }
}

impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionSettings")
            .field("address", &self.address())
            .field("user", &self.user)
            .field("database", &self.database)
            .field("schema", &self.schema)
            .field("sslmode", &self.tls.mode.word())
            .finish_non_exhaustive()
    }
}

impl ConnectionSettings {
    /// Reads `url`, or a libpq string such as `host=db dbname=shop`, above the defaults that
    /// `environment` gives. Opens no connection; reads the service file and the password file
    /// that apply.
    ///
    /// Every parameter of Prisma and of libpq has its meaning, is ignored where it makes no
    /// difference to a migration, or is refused. `sslcert` is the CA, as in Prisma, unless
    /// `sslkey` (or, without `sslaccept`, `sslrootcert`) stands beside it: then it is the
    /// client's certificate, as in libpq.
    ///
    /// # Errors
    /// UP-1002: not a PostgreSQL URL, a value that does not fit, a parameter whose promise cannot
    /// be kept. The message names the part and never holds the URL.
    pub fn resolve(url: &str, environment: &Environment) -> Result<Self> {
        resolve::settings(url::read(url)?, environment)
    }

    /// [`ConnectionSettings::resolve`] with an empty environment.
    ///
    /// # Errors
    /// UP-1002.
    pub fn parse(url: &str) -> Result<Self> {
        Self::resolve(url, &Environment::default())
    }

    /// The schema of `?schema=`, default `public`. It is the session's `search_path`.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The role's name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// `host:5432`, or the path of the socket; several with commas. Safe to print.
    #[must_use]
    pub fn address(&self) -> String {
        self.endpoints.iter().map(Endpoint::address).collect::<Vec<_>>().join(",")
    }

    /// Whether a transaction pooler stands between (Prisma's `pgbouncer=true`). The search path
    /// is then set by a query and not at the start of the session.
    #[must_use]
    pub fn pgbouncer(&self) -> bool {
        self.pgbouncer
    }

    /// Prisma's `socket_timeout`, the time that a query may take; none by default.
    #[must_use]
    pub fn socket_timeout(&self) -> Option<Duration> {
        self.socket_timeout
    }

    /// What was ignored, in words that are safe to print.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self { database: name.to_owned(), ..self.clone() }
    }

    /// The same, with another schema of unqualified names.
    #[must_use]
    pub fn with_schema(&self, name: &str) -> Self {
        Self { schema: name.to_owned(), ..self.clone() }
    }

    /// The same, under another `application_name` (shown in `pg_stat_activity`).
    #[must_use]
    pub fn with_application_name(&self, name: &str) -> Self {
        Self { application_name: name.to_owned(), ..self.clone() }
    }

    /// A `psql` command that runs `sql` there, for a person to type: as `role`, or as the own one.
    /// Never with a password.
    #[must_use]
    pub fn psql(&self, role: Option<&str>, sql: &str) -> String {
        let role = role.map_or_else(|| self.user.clone(), str::to_owned);
        let settings = Self { user: role, ..self.clone() };
        let command = self.endpoints.first().map_or_else(
            || "psql".to_owned(),
            |endpoint| psql::command(&settings, endpoint, &self.database),
        );
        format!("{command} -c {}", psql::shell_word(sql))
    }

    /// Whether the first server is reached by a Unix socket or the loopback address, so that its
    /// files may be on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.endpoints.first().is_some_and(|endpoint| match &endpoint.host {
            Host::Socket(_) => true,
            Host::Name(name) => {
                name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
            }
        })
    }

    /// The password for a server, and where it came from. The password file may know another
    /// one for every host.
    fn password_for(&self, endpoint: &Endpoint) -> Option<(&str, String)> {
        if let Some((password, origin)) = &self.password {
            return Some((password, origin.to_string()));
        }
        let host = match &endpoint.host {
            // libpq's name for the default socket (manual §34.16).
            Host::Socket(folder) if is_default_socket(folder) => "localhost".to_owned(),
            _ => endpoint.name(),
        };
        self.passfile.find([&host, &endpoint.port.to_string(), &self.database, &self.user])
    }

    /// The `options` of the startup message: the user's, and the search path after them so that
    /// `?schema=` wins, as in Prisma.
    fn startup_options(&self) -> Option<String> {
        let own = self.options.as_deref().map(str::trim).filter(|own| !own.is_empty());
        if self.pgbouncer {
            return own.map(str::to_owned);
        }
        let path = format!("-c search_path={}", option_value(&super::identifier(&self.schema)));
        Some(own.map_or(path.clone(), |own| format!("{own} {path}")))
    }
}

fn is_default_socket(folder: &std::path::Path) -> bool {
    ["/var/run/postgresql", "/run/postgresql", "/tmp"].iter().any(|d| folder == *d)
}

/// `value` as one word of `options` (`pg_split_opts`): blanks and backslashes escaped.
fn option_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_ascii_whitespace() || c == '\x0b' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
