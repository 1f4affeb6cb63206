//! Named parameters in layers: what the URL says wins over the service file, and that over the
//! `PG*` variables (libpq's order, `conninfo_add_defaults`).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::Environment;
use crate::error::{Code, Error, Result};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Url,
    /// A libpq string, `host=… dbname=…`.
    KeyValue,
    Service,
    /// A `PG*` variable.
    Variable(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str("the URL"),
            Self::KeyValue => f.write_str("the connection string"),
            Self::Service => f.write_str("the service file"),
            Self::Variable(name) => write!(f, "`{name}`"),
        }
    }
}

/// A value and its origin. No `Debug`: it may be a password.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// Parameters by name, and what is to be said about them.
#[derive(Clone, Default)]
pub(super) struct Parameters {
    values: BTreeMap<String, Value>,
    pub(super) warnings: Vec<String>,
    /// A URL was read, and not a libpq string.
    pub(super) is_url: bool,
}

/// Names that have a meaning here. Prisma's first (contract §3.2), then libpq's (§34.1.2).
const KNOWN: &[&str] = &[
    "schema",
    "sslaccept",
    "sslidentity",
    "socket_timeout",
    "pool_timeout",
    "connection_limit",
    "max_connection_lifetime",
    "max_idle_connection_lifetime",
    "statement_cache_size",
    "pgbouncer",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "passfile",
    "service",
    "servicefile",
    "require_auth",
    "channel_binding",
    "connect_timeout",
    "client_encoding",
    "options",
    "application_name",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "replication",
    "gssencmode",
    "gsslib",
    "gssdelegation",
    "krbsrvname",
    "sslmode",
    "requiressl",
    "ssl",
    "sslnegotiation",
    "sslcompression",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcertmode",
    "sslrootcert",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "sslkeylogfile",
    "requirepeer",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "min_protocol_version",
    "max_protocol_version",
    "target_session_attrs",
    "load_balance_hosts",
    "scram_client_key",
    "scram_server_key",
    "oauth_issuer",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_scope",
];

/// libpq's variables (§34.15) and the parameters that they stand for. `PGDATESTYLE`, `PGTZ` and
/// `PGGEQO` are left out: a migration must not depend on them.
const VARIABLES: &[(&str, &str)] = &[
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGREQUIREAUTH", "require_auth"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGCLIENTENCODING", "client_encoding"),
    ("PGOPTIONS", "options"),
    ("PGAPPNAME", "application_name"),
    ("PGSSLMODE", "sslmode"),
    ("PGREQUIRESSL", "requiressl"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLCERTMODE", "sslcertmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCRL", "sslcrl"),
    ("PGSSLCRLDIR", "sslcrldir"),
    ("PGSSLSNI", "sslsni"),
    ("PGREQUIREPEER", "requirepeer"),
    ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
    ("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"),
    ("PGMINPROTOCOLVERSION", "min_protocol_version"),
    ("PGMAXPROTOCOLVERSION", "max_protocol_version"),
    ("PGGSSENCMODE", "gssencmode"),
    ("PGGSSLIB", "gsslib"),
    ("PGGSSDELEGATION", "gssdelegation"),
    ("PGKRBSRVNAME", "krbsrvname"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
];

impl Parameters {
    /// Sets `name`, over what is there.
    pub(super) fn set(&mut self, name: &str, text: String, origin: Origin) {
        self.values.insert(name.to_owned(), Value { text, origin });
    }

    /// Sets `name` unless a higher layer has.
    pub(super) fn set_default(&mut self, name: &str, text: &str, origin: Origin) {
        if self.value(name).is_none() {
            self.set(name, text.to_owned(), origin);
        }
    }

    /// The value and its origin; an empty value counts as absent, as in libpq.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.text.is_empty())
    }

    /// The value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.value(name).map(|value| value.text.as_str())
    }

    /// Whether this name has a meaning.
    pub(super) fn is_known(name: &str) -> bool {
        KNOWN.contains(&name)
    }

    /// Puts the variables below what is there.
    pub(super) fn add_environment(&mut self, environment: &Environment) {
        // PGHOSTADDR would send a URL that names its host somewhere else.
        let host_is_named = self.value("host").is_some();
        for &(variable, name) in VARIABLES {
            if name == "hostaddr" && host_is_named {
                continue;
            }
            if let Some(text) = environment.get(variable) {
                self.set_default(name, text, Origin::Variable(variable));
            }
        }
    }

    /// A whole number, not negative.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.invalid(name, "a whole number, not negative")),
        }
    }

    /// A length of time; 0 means none.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<Duration>> {
        Ok(self.number(name)?.map(Duration::from_secs))
    }

    /// `0` or `1`.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.get(name) {
            None => Ok(default),
            Some("1") => Ok(true),
            Some("0") => Ok(false),
            Some(_) => Err(self.invalid(name, "0 or 1")),
        }
    }

    /// One of a list of words.
    pub(super) fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        if let Some((_, choice)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*choice));
        }
        let list: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        Err(self.invalid(name, &format!("one of {}", list.join(", "))))
    }

    /// UP-1002 for a value that does not fit.
    pub(super) fn invalid(&self, name: &str, expected: &str) -> Error {
        let Some(value) = self.value(name) else {
            return Error::new(Code::InvalidUrl, format!("`{name}` is missing"));
        };
        let shown = printable(&value.text).map(|text| format!(" `{text}`")).unwrap_or_default();
        Error::new(
            Code::InvalidUrl,
            format!("`{name}` of {} has the value{shown}, which is not known", value.origin),
        )
        .hint(format!("give {expected}"))
    }
}

/// `text`, if it looks like a word and therefore not like a piece of a password.
pub(super) fn printable(text: &str) -> Option<&str> {
    let wordlike = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!text.is_empty() && text.len() <= 32 && text.chars().all(wordlike)).then_some(text)
}
