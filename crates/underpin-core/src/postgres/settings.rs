//! Connection settings: from a URL to an open [`Session`].

use std::fmt;

use super::{Session, SqlError};
use crate::error::{Code, Error, Result};

/// Where and how to connect. `Debug` shows no password.
#[derive(Clone)]
pub struct ConnectionSettings {
    config: tokio_postgres::Config,
    schema: String,
}

impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionSettings({}/{})", self.address(), self.database())
    }
}

impl ConnectionSettings {
    /// Reads a URL.
    ///
    /// # Errors
    /// UP-1002.
    pub fn parse(url: &str) -> Result<Self> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut schema = "public".to_owned();
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            match pair.split_once('=') {
                Some(("schema", value)) => value.clone_into(&mut schema),
                _ => kept.push(pair),
            }
        }
        let mut config: tokio_postgres::Config = format!("{base}?{}", kept.join("&"))
            .parse()
            .map_err(|e| Error::new(Code::InvalidUrl, "the database URL is not valid").caused_by(e))?;
        config.application_name("underpin");
        config.options(format!("-c search_path=\"{schema}\""));
        Ok(Self { config, schema })
    }

    /// The schema of `?schema=`, default `public`.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        self.config.get_dbname().or(self.config.get_user()).unwrap_or("postgres")
    }

    /// The role's name.
    #[must_use]
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or("postgres")
    }

    /// Host and port, or the socket's folder; safe to print.
    #[must_use]
    pub fn address(&self) -> String {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        match self.config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => format!("{host}:{port}"),
            Some(tokio_postgres::config::Host::Unix(path)) => format!("{}:{port}", path.display()),
            None => format!("localhost:{port}"),
        }
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(name);
        other
    }

    /// Opens a session.
    ///
    /// # Errors
    /// UP-11xx.
    pub async fn connect(&self) -> Result<Session> {
        Session::open(&self.config, tokio_postgres::NoTls).await.map_err(|e: SqlError| {
            Error::new(Code::ServerUnreachable, format!("can't reach the database server at `{}`", self.address()))
                .caused_by(e)
        })
    }
}
