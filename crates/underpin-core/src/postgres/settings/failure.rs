//! From a failed attempt to an error with a code and exact hints.

use std::time::Duration;

use rustls::CertificateError;

use super::tls::{Roots, SslMode};
use super::{ConnectionSettings, Endpoint, Host, psql};
use crate::error::{Code, Error};
use crate::postgres::SqlError;

/// The driver gives no kinds, only words (`tokio_postgres::error`, `Kind`'s `Display`). The tests
/// against real servers break when a new version says them differently.
const DRIVER_TLS: &str = "error performing TLS handshake";
const DRIVER_NO_TLS: &str = "server does not support TLS";
const DRIVER_NO_PASSWORD: &str = "password missing";
const DRIVER_AUTHENTICATION: &str = "authentication error";
const DRIVER_NO_BINDING: &str = "server did not use channel binding";
const RUSTLS_ALERT: &str = "received fatal alert";

/// Why an attempt failed.
pub(super) enum Failure {
    TimedOut { limit: Duration },
    NotResolved(String),
    NoAddress,
    Sql(SqlError),
}

impl Failure {
    fn driver_says(&self, words: &str) -> bool {
        matches!(self, Self::Sql(e) if e.sqlstate.is_none() && e.message.contains(words))
    }

    /// TLS failed, or the other side ended it: with TLS 1.3 the server's word on the client's
    /// certificate arrives after the handshake.
    pub(super) fn is_tls(&self) -> bool {
        self.driver_says(DRIVER_TLS) || self.driver_says(RUSTLS_ALERT)
    }

    /// `pg_hba.conf` refused this kind of connection.
    pub(super) fn refused_before_password(&self) -> bool {
        matches!(self, Self::Sql(e) if e.is("28000"))
    }

    /// The server was not reached, or takes nobody now (57P03): the next may do better.
    pub(super) fn others_may_differ(&self) -> bool {
        match self {
            Self::Sql(e) if e.sqlstate.is_some() => e.is("57P03"),
            Self::Sql(_) => {
                !self.is_tls()
                    && !self.driver_says(DRIVER_AUTHENTICATION)
                    && !self.driver_says(DRIVER_NO_PASSWORD)
            }
            _ => true,
        }
    }
}

/// The error of a failed attempt. `password_from` says where the password came from.
pub(super) fn explain(
    settings: &ConnectionSettings,
    endpoint: &Endpoint,
    failure: Failure,
    rejection: Option<rustls::Error>,
    password_from: Option<String>,
) -> Error {
    let is_tls = failure.is_tls();
    let case = Case { settings, endpoint };
    match failure {
        Failure::TimedOut { limit } => case
            .unreachable()
            .caused_by(format!("no answer within {} s (`connect_timeout`)", limit.as_secs_f32())),
        Failure::NotResolved(why) => case.unreachable().caused_by(why),
        Failure::NoAddress => case.unreachable().caused_by("its name has no address"),
        Failure::Sql(error) if error.sqlstate.is_some() => case.server_said(&error, password_from),
        Failure::Sql(error) if is_tls => case.tls(&error, rejection),
        Failure::Sql(error) if error.message.contains(DRIVER_NO_PASSWORD) => case
            .login_failed("the server asks for a password and none is given")
            .hint("put it into PGPASSWORD, or ~/.pgpass, or the URL after the user's name"),
        Failure::Sql(error) if error.message.contains(DRIVER_NO_BINDING) => case
            .login_failed("the server did not bind the password to the TLS connection")
            .hint("`channel_binding=require` needs TLS and a password stored as scram-sha-256"),
        Failure::Sql(error) if error.message.contains(DRIVER_AUTHENTICATION) => {
            case.login_failed(&error.message)
        }
        Failure::Sql(error) => case.unreachable().caused_by(error.message),
    }
}

struct Case<'a> {
    settings: &'a ConnectionSettings,
    endpoint: &'a Endpoint,
}

impl Case<'_> {
    fn psql(&self) -> String {
        psql::command(self.settings, self.endpoint, &self.settings.database)
    }

    fn unreachable(&self) -> Error {
        let address = self.endpoint.address();
        let name = psql::shell_word(&self.endpoint.name());
        let port = self.endpoint.port;
        let error = Error::new(
            Code::ServerUnreachable,
            format!("can't reach the database server at `{address}`"),
        )
        .hint(format!("pg_isready -h {name} -p {port}"));
        match self.endpoint.host {
            Host::Socket(_) => {
                error.hint("check that the server runs here, and its `unix_socket_directories`")
            }
            Host::Name(_) => error
                .hint("check the server, the host and the port, firewalls, and `listen_addresses`"),
        }
    }

    fn login_failed(&self, why: &str) -> Error {
        let message = format!(
            "authentication failed for the role `{}` at `{}`",
            self.settings.user,
            self.endpoint.address()
        );
        Error::new(Code::AuthenticationFailed, message)
            .caused_by(why)
            .hint(format!("try it by hand: {}", self.psql()))
    }

    fn denied(&self, error: &SqlError) -> Error {
        let (user, database) = (&self.settings.user, &self.settings.database);
        Error::new(
            Code::AccessDenied,
            format!("the role `{user}` was denied access on the database `{database}`"),
        )
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref())
    }

    /// An SQLSTATE decides (manual, appendix A), not the text: servers speak many languages.
    fn server_said(&self, error: &SqlError, password_from: Option<String>) -> Error {
        let state = error.sqlstate.as_deref().unwrap_or_default();
        let address = self.endpoint.address();
        let coded = |code: Code, message: String| {
            Error::new(code, message).caused_by(error).sqlstate(error.sqlstate.as_deref())
        };
        match state {
            "28000" if error.message.contains("pg_hba.conf") => self.refused_by_hba(error),
            "28P01" | "28000" => {
                let failed =
                    self.login_failed(&error.to_string()).sqlstate(error.sqlstate.as_deref());
                match password_from {
                    Some(source) => failed.hint(format!("the password comes from {source}")),
                    None => failed,
                }
            }
            "3D000" => self.database_missing(error),
            "42501" => self.denied(error).hint(format!(
                "GRANT CONNECT ON DATABASE {} TO {}",
                crate::postgres::identifier(&self.settings.database),
                crate::postgres::identifier(&self.settings.user)
            )),
            "0A000" => coded(
                Code::UnsupportedServer,
                format!("the server at `{address}` does not speak as PostgreSQL 13 and later do"),
            )
            .hint(format!("see what it is: {} -c 'SHOW server_version'", self.psql())),
            "42704" | "22023" | "42601" | "42602" | "55P02" => {
                coded(Code::InvalidUrl, "the server refuses a setting of the connection".to_owned())
                    .hint("check `options` and `schema` of the URL, and PGOPTIONS")
            }
            _ if state.starts_with("08") => self.unreachable().caused_by(error),
            _ if state.starts_with("53") || state.starts_with("57") => self.busy(error),
            _ => self.denied(error).hint(format!("try it by hand: {}", self.psql())),
        }
    }

    fn database_missing(&self, error: &SqlError) -> Error {
        let (database, address) = (&self.settings.database, self.endpoint.address());
        let list = psql::command(self.settings, self.endpoint, "postgres");
        let create = format!(
            "createdb -h {} -p {} -U {} {}",
            psql::shell_word(&self.endpoint.name()),
            self.endpoint.port,
            psql::shell_word(&self.settings.user),
            psql::shell_word(database)
        );
        Error::new(
            Code::DatabaseMissing,
            format!("the database `{database}` does not exist at `{address}`"),
        )
        .caused_by(error)
        .sqlstate(error.sqlstate.as_deref())
        .hint(format!("check the name: {list} -l"))
        .hint(format!("or create it: {create}"))
    }

    fn busy(&self, error: &SqlError) -> Error {
        let message =
            format!("the server at `{}` takes no connection now", self.endpoint.address());
        let busy = Error::new(Code::ServerBusy, message)
            .caused_by(error)
            .sqlstate(error.sqlstate.as_deref());
        if !error.is("53300") {
            return busy.hint("wait until it has started, and run the same command again");
        }
        busy.hint(format!(
            "see who holds the connections: {} -c 'SELECT usename, application_name, state, \
             count(*) FROM pg_stat_activity GROUP BY 1, 2, 3'",
            self.psql()
        ))
    }

    fn refused_by_hba(&self, error: &SqlError) -> Error {
        let denied = self
            .denied(error)
            .hint("find the line: psql -c 'SELECT * FROM pg_hba_file_rules' (as a superuser)")
            .hint(
                "add a line for this role, database and address to pg_hba.conf, and run: \
                   psql -c 'SELECT pg_reload_conf()'",
            );
        match self.settings.tls.mode {
            SslMode::Disable => denied.hint("or connect with TLS: sslmode=require"),
            _ => denied,
        }
    }

    fn tls(&self, error: &SqlError, rejection: Option<rustls::Error>) -> Error {
        let (address, mode) = (self.endpoint.address(), self.settings.tls.mode.word());
        let failed = Error::new(
            Code::TlsFailed,
            format!("the TLS connection to `{address}` failed (`sslmode={mode}`)"),
        );
        if error.message.contains(DRIVER_NO_TLS) {
            return failed
                .caused_by("the server does not offer TLS")
                .hint("switch it on at the server: ssl = on, ssl_cert_file and ssl_key_file")
                .hint("only in a network that you trust: sslmode=disable");
        }
        let Some(rejection) = rejection else {
            let failed = failed.caused_by(&error.message);
            return match error.message.contains(RUSTLS_ALERT) {
                true => failed.hint(
                    "the server refused the client's certificate, or wants one: \
                                  sslcert=client.crt&sslkey=client.key",
                ),
                false => failed.hint(format!("look at the server's TLS: {}", self.openssl())),
            };
        };
        let failed = failed.caused_by(&rejection);
        let rustls::Error::InvalidCertificate(kind) = &rejection else {
            return failed.hint(format!("look at the server's TLS: {}", self.openssl()));
        };
        self.certificate_hint(failed, kind)
    }

    fn openssl(&self) -> String {
        format!(
            "openssl s_client -starttls postgres -connect {} -showcerts </dev/null",
            psql::shell_word(&self.endpoint.address())
        )
    }

    fn certificate_hint(&self, failed: Error, kind: &CertificateError) -> Error {
        let look = format!("look at the server's certificate: {}", self.openssl());
        match kind {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                failed
                    .hint(
                        "use the host name that the certificate has (subjectAltName), or have one \
                           made with this name",
                    )
                    .hint(look)
                    .hint("sslmode=verify-ca with sslrootcert checks the CA and not the name")
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                let roots = match &self.settings.tls.roots {
                    Roots::File(path) => {
                        format!("{} is not the CA of the server's certificate", path.display())
                    }
                    _ => "the system does not trust the server's CA".to_owned(),
                };
                failed
                    .hint(format!("{roots}; name the right one: sslrootcert=/path/to/ca.pem"))
                    .hint(look)
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => failed
                .hint("renew the server's certificate, and check the clock of this machine")
                .hint(look),
            CertificateError::Revoked => {
                failed.hint("the CA has revoked the server's certificate: do not connect")
            }
            other if other.to_string().contains("UnsupportedCertVersion") => failed
                .hint(
                    "the certificate is X.509 version 1; have it made anew with a subjectAltName: \
                       openssl x509 -req -extfile …",
                )
                .hint(look),
            _ => failed.hint(look),
        }
    }
}
