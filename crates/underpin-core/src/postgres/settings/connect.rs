//! From settings to a session: hosts in turn, addresses in turn, TLS as the mode says.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio_postgres::CancelToken;
use tokio_postgres::config::{SslMode as DriverTls, SslNegotiation};

use super::failure::{Failure, explain};
use super::tls::{SslMode, Tls};
use super::{ConnectionSettings, Endpoint, Host};
use crate::error::{Code, Error, Result};
use crate::postgres::{Queryable, ServerVersion, Session, SqlError, identifier};

/// libpq's `target_session_attrs` (manual §34.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

impl Target {
    pub(super) const WORDS: &[(&str, Self)] = &[
        ("any", Self::Any),
        ("read-write", Self::ReadWrite),
        ("read-only", Self::ReadOnly),
        ("primary", Self::Primary),
        ("standby", Self::Standby),
        ("prefer-standby", Self::PreferStandby),
    ];

    pub(super) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, target)| *target == self).map_or("any", |(word, _)| word)
    }

    /// The rounds over the hosts: `prefer-standby` takes anything in its second.
    fn rounds(self) -> &'static [Self] {
        match self {
            Self::Any => &[Self::Any],
            Self::ReadWrite => &[Self::ReadWrite],
            Self::ReadOnly => &[Self::ReadOnly],
            Self::Primary => &[Self::Primary],
            Self::Standby => &[Self::Standby],
            Self::PreferStandby => &[Self::Standby, Self::Any],
        }
    }

    fn accepts(self, in_recovery: bool, read_only: bool) -> bool {
        match self {
            Self::Any | Self::PreferStandby => true,
            Self::ReadWrite => !read_only,
            Self::ReadOnly => read_only,
            Self::Primary => !in_recovery,
            Self::Standby => in_recovery,
        }
    }
}

const IS_STANDBY_IS_READ_ONLY: &str = "SELECT pg_catalog.pg_is_in_recovery(), \
    pg_catalog.current_setting('transaction_read_only')";

/// Whether the next address or host can help.
enum Refusal {
    /// It was not reached, or takes nobody now, or is not of the wanted kind.
    TryNext(Error),
    /// It answered, and others would answer alike: asking them too could lock an account.
    Final(Error),
}

impl ConnectionSettings {
    /// Opens a session. Hosts are tried in turn, and of each host every address; after a server
    /// that answered and refused, no other is asked (libpq's rule). `connect_timeout` limits
    /// each address from the first packet to the end of authentication.
    ///
    /// # Errors
    /// UP-1101 to UP-1108; UP-4002 when `target_session_attrs` wants to write and no server
    /// lets it.
    pub async fn connect(&self) -> Result<Session> {
        let tls = Tls::load(&self.tls)?;
        let mut tried = Vec::new();
        let mut last = None;
        for &target in self.target.rounds() {
            for endpoint in self.endpoints_in_order() {
                match self.connect_to(endpoint, &tls, target).await {
                    Ok(session) => return Ok(session),
                    Err(Refusal::Final(error)) => return Err(error),
                    Err(Refusal::TryNext(error)) => {
                        tried.push(format!("{}: {}", endpoint.address(), reason(&error)));
                        last = Some(error);
                    }
                }
            }
        }
        let error = last.unwrap_or_else(|| Error::new(Code::Internal, "no host was tried"));
        Err(if tried.len() > 1 { error.details(tried) } else { error })
    }

    /// Asks the server to cancel what the session of `token` runs, over TLS if that session is.
    /// The server does not say whether it did.
    ///
    /// # Errors
    /// UP-1101 or UP-1106 when the request could not be sent.
    pub async fn cancel(&self, token: &CancelToken) -> Result<()> {
        let tls = Tls::load(&self.tls)?;
        let sent = within(self.connect_timeout, async {
            token.cancel_query(tls.connector()).await.map_err(SqlError::from)
        });
        let first = self.endpoints.first();
        sent.await.map_err(|failure| match first {
            Some(endpoint) => explain(self, endpoint, failure, tls.take_rejection(), None),
            None => Error::new(Code::Internal, "no host is known"),
        })
    }

    /// The hosts, shuffled with `load_balance_hosts=random`.
    fn endpoints_in_order(&self) -> Vec<&Endpoint> {
        let mut endpoints: Vec<_> = self.endpoints.iter().collect();
        if self.random_order {
            endpoints.sort_by_cached_key(|_| uuid::Uuid::new_v4());
        }
        endpoints
    }

    async fn connect_to(
        &self,
        endpoint: &Endpoint,
        tls: &Tls,
        target: Target,
    ) -> std::result::Result<Session, Refusal> {
        let addresses = match self.addresses(endpoint).await {
            Ok(addresses) => addresses,
            Err(failure) => {
                return Err(Refusal::TryNext(explain(self, endpoint, failure, None, None)));
            }
        };
        let mut last = Failure::NoAddress;
        for address in addresses {
            match self.open(endpoint, address, tls).await {
                Ok(session) => return self.settle(endpoint, session, target).await,
                Err(failure) if failure.others_may_differ() => last = failure,
                Err(failure) => {
                    let source = self.password_for(endpoint).map(|(_, source)| source);
                    let rejection = tls.take_rejection();
                    return Err(Refusal::Final(explain(
                        self, endpoint, failure, rejection, source,
                    )));
                }
            }
        }
        Err(Refusal::TryNext(explain(self, endpoint, last, tls.take_rejection(), None)))
    }

    /// The addresses of a host; `None` is a socket's.
    async fn addresses(&self, endpoint: &Endpoint) -> Result<Vec<Option<IpAddr>>, Failure> {
        match (&endpoint.host, endpoint.address) {
            (_, Some(address)) => Ok(vec![Some(address)]),
            (Host::Socket(_), None) => Ok(vec![None]),
            (Host::Name(name), None) => {
                let lookup = tokio::net::lookup_host((name.as_str(), endpoint.port));
                let found = match self.connect_timeout {
                    Some(limit) => tokio::time::timeout(limit, lookup)
                        .await
                        .map_err(|_| Failure::TimedOut { limit })?,
                    None => lookup.await,
                };
                let found = found.map_err(|e| Failure::NotResolved(e.to_string()))?;
                Ok(found.map(|address: SocketAddr| Some(address.ip())).collect())
            }
        }
    }

    /// One address, once or twice: `allow` tries TLS after a refusal without it, `prefer` the
    /// other way round. A refused password is never sent again over the weaker way.
    async fn open(
        &self,
        endpoint: &Endpoint,
        address: Option<IpAddr>,
        tls: &Tls,
    ) -> Result<Session, Failure> {
        let open = |mode| self.open_once(endpoint, address, tls, mode);
        // Sockets carry no TLS, whatever the mode (manual §34.19).
        let is_socket = matches!(endpoint.host, Host::Socket(_)) && address.is_none();
        match self.tls.mode {
            _ if is_socket => open(DriverTls::Disable).await,
            SslMode::Disable => open(DriverTls::Disable).await,
            SslMode::Allow => match open(DriverTls::Disable).await {
                Err(first) if first.refused_before_password() => {
                    open(DriverTls::Require).await.map_err(|second| match second.is_tls() {
                        true => first,
                        false => second,
                    })
                }
                other => other,
            },
            SslMode::Prefer => match open(DriverTls::Prefer).await {
                Err(first) if first.is_tls() || first.refused_before_password() => {
                    open(DriverTls::Disable).await
                }
                other => other,
            },
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                open(DriverTls::Require).await
            }
        }
    }

    async fn open_once(
        &self,
        endpoint: &Endpoint,
        address: Option<IpAddr>,
        tls: &Tls,
        mode: DriverTls,
    ) -> Result<Session, Failure> {
        let config = self.driver_config(endpoint, address, mode);
        within(self.connect_timeout, Session::open(&config, tls.connector())).await
    }

    fn driver_config(
        &self,
        endpoint: &Endpoint,
        address: Option<IpAddr>,
        mode: DriverTls,
    ) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        match &endpoint.host {
            Host::Name(name) => config.host(name),
            Host::Socket(folder) => config.host_path(folder),
        };
        if let Some(address) = address {
            config.hostaddr(address);
        }
        config.port(endpoint.port).user(&self.user).dbname(&self.database);
        if let Some((password, _)) = self.password_for(endpoint) {
            config.password(password);
        }
        config.application_name(&self.application_name);
        if let Some(options) = self.startup_options() {
            config.options(options);
        }
        config.ssl_mode(mode).channel_binding(self.channel_binding);
        if self.tls.direct && mode == DriverTls::Require {
            config.ssl_negotiation(SslNegotiation::Direct);
        }
        if let Some(timeout) = self.tcp_user_timeout {
            config.tcp_user_timeout(timeout);
        }
        match &self.keepalives {
            None => config.keepalives(false),
            Some(keepalives) => config
                .keepalives(true)
                .keepalives_idle(keepalives.idle)
                .keepalives_interval(keepalives.interval)
                .keepalives_retries(keepalives.retries),
        };
        config
    }

    /// What an open session must have before anybody uses it.
    async fn settle(
        &self,
        endpoint: &Endpoint,
        session: Session,
        target: Target,
    ) -> std::result::Result<Session, Refusal> {
        let version = session.version();
        if version.major() < ServerVersion::OLDEST_MAJOR {
            let message = format!("the server at `{}` is PostgreSQL {version}", endpoint.address());
            return Err(Refusal::Final(Error::new(Code::UnsupportedServer, message).hint(
                format!(
                    "PostgreSQL {} is the oldest that Underpin supports",
                    ServerVersion::OLDEST_MAJOR
                ),
            )));
        }
        let lost = |error: SqlError| {
            Refusal::TryNext(explain(self, endpoint, Failure::Sql(error), None, None))
        };
        if target != Target::Any {
            let rows = within(self.connect_timeout, session.rows(IS_STANDBY_IS_READ_ONLY));
            let rows =
                rows.await.map_err(|f| Refusal::TryNext(explain(self, endpoint, f, None, None)))?;
            let value = |column: usize| rows.first().and_then(|row| row.get(column)?.as_deref());
            if !target.accepts(value(0) == Some("t"), value(1) == Some("on")) {
                return Err(Refusal::TryNext(wrong_kind(endpoint, target)));
            }
        }
        if self.pgbouncer {
            let sql = format!("SET search_path TO {}", identifier(&self.schema));
            session.simple_query(&sql).await.map_err(lost)?;
        }
        Ok(session)
    }
}

fn wrong_kind(endpoint: &Endpoint, target: Target) -> Error {
    let code = match target {
        Target::ReadWrite | Target::Primary => Code::ReadOnly,
        _ => Code::ServerUnreachable,
    };
    let (address, word) = (endpoint.address(), target.word());
    Error::new(
        code,
        format!("the server at `{address}` is not what `target_session_attrs={word}` asks for"),
    )
    .hint("check the role of each server: psql -c 'SELECT pg_is_in_recovery()'")
}

/// An error in a list of hosts: its innermost cause says most.
fn reason(error: &Error) -> &str {
    error.causes().last().map_or(error.message(), String::as_str)
}

/// Runs `work` for at most `limit`.
async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, SqlError>>,
) -> Result<T, Failure> {
    match limit {
        Some(limit) => match tokio::time::timeout(limit, work).await {
            Ok(done) => done.map_err(Failure::Sql),
            Err(_) => Err(Failure::TimedOut { limit }),
        },
        None => work.await.map_err(Failure::Sql),
    }
}
