//! From named parameters to settings: values checked, what cannot be kept refused.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use super::connect::Target;
use super::parameters::Parameters;
use super::passfile::Passfile;
use super::tls::TlsSettings;
use super::{ConnectionSettings, Endpoint, Environment, Host, Keepalives, service};
use crate::error::{Code, Error, Result};

/// Parameters that promise something which cannot be kept, unless their value asks for nothing:
/// name, harmless values, what to do instead.
const REFUSED: &[(&str, &[&str], &str)] = &[
    (
        "sslidentity",
        &[],
        "PKCS#12 files are not read; split it: openssl pkcs12 -in client.p12 -clcerts -nokeys -out \
         client.crt; openssl pkcs12 -in client.p12 -nocerts -nodes -out client.key; chmod 0600 \
         client.key; then sslcert=client.crt&sslkey=client.key and the CA in sslrootcert",
    ),
    ("require_auth", &[], "remove it; channel_binding=require allows scram-sha-256 only"),
    ("requirepeer", &[], "remove it; protect the socket's folder by its file permissions"),
    ("sslcrldir", &[], "name one file with sslcrl"),
    ("sslkeylogfile", &[], "remove it; TLS keys are never written"),
    ("gssencmode", &["disable", "prefer"], "use TLS: gssencmode=disable&sslmode=verify-full"),
    ("replication", &["false", "off", "no", "0"], "remove it; migrations need an ordinary session"),
    ("scram_client_key", &[], "give the password instead"),
    ("scram_server_key", &[], "give the password instead"),
    ("oauth_issuer", &[], "use a role that logs in by password or certificate"),
    ("oauth_client_id", &[], "use a role that logs in by password or certificate"),
    ("oauth_client_secret", &[], "use a role that logs in by password or certificate"),
    ("oauth_scope", &[], "use a role that logs in by password or certificate"),
    ("min_protocol_version", &["3.0"], "remove it; protocol 3.0 is spoken"),
];

/// Prisma's numbers that concern a pool: checked, then without effect.
const POOL: &[&str] = &[
    "pool_timeout",
    "connection_limit",
    "max_connection_lifetime",
    "max_idle_connection_lifetime",
    "statement_cache_size",
];

const DEFAULT_PORT: u16 = 5432;
/// Prisma's default; libpq would wait for ever.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVES: Keepalives =
    Keepalives { idle: Duration::from_secs(6), interval: Duration::from_secs(3), retries: 3 };
/// The time after which the keepalives too would have given up.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(15);

/// Builds the settings.
///
/// # Errors
/// UP-1002.
pub(super) fn settings(
    mut parameters: Parameters,
    environment: &Environment,
) -> Result<ConnectionSettings> {
    service::add(&mut parameters, environment)?;
    parameters.add_environment(environment);
    refuse(&parameters)?;
    for name in POOL {
        parameters.number(name)?;
    }
    check_encoding(&mut parameters);
    let tls = TlsSettings::from_parameters(&mut parameters, environment)?;
    let endpoints = endpoints(&parameters)?;
    let user = parameters.get("user").or(environment.account()).unwrap_or("postgres").to_owned();
    let database = database(&mut parameters, &user);
    let password = parameters.value("password").map(|v| (v.text.clone(), v.origin));
    let passfile = match password {
        Some(_) => Passfile::default(),
        None => passfile(&mut parameters, environment),
    };
    let binding = [
        ("disable", ChannelBinding::Disable),
        ("prefer", ChannelBinding::Prefer),
        ("require", ChannelBinding::Require),
    ];
    let pgbouncer = parameters.choice("pgbouncer", &[("true", true), ("false", false)])?;
    let balance =
        parameters.choice("load_balance_hosts", &[("disable", false), ("random", true)])?;
    let text = |name: &str| parameters.get(name).map(str::to_owned);
    Ok(ConnectionSettings {
        endpoints,
        user,
        database,
        password,
        passfile: Arc::new(passfile),
        schema: text("schema").unwrap_or_else(|| "public".to_owned()),
        application_name: text("application_name")
            .or_else(|| text("fallback_application_name"))
            .unwrap_or_else(|| "underpin".to_owned()),
        options: options(&parameters)?,
        tls,
        channel_binding: parameters
            .choice("channel_binding", &binding)?
            .unwrap_or(ChannelBinding::Prefer),
        connect_timeout: none_if_zero(parameters.seconds("connect_timeout")?, CONNECT_TIMEOUT),
        socket_timeout: parameters.seconds("socket_timeout")?.filter(|t| !t.is_zero()),
        keepalives: keepalives(&parameters)?,
        tcp_user_timeout: none_if_zero(
            parameters.number("tcp_user_timeout")?.map(Duration::from_millis),
            TCP_USER_TIMEOUT,
        ),
        target: parameters.choice("target_session_attrs", Target::WORDS)?.unwrap_or(Target::Any),
        random_order: balance.unwrap_or(false),
        pgbouncer: pgbouncer.unwrap_or(false),
        warnings: parameters.warnings,
    })
}

fn none_if_zero(given: Option<Duration>, default: Duration) -> Option<Duration> {
    Some(given.unwrap_or(default)).filter(|time| !time.is_zero())
}

fn refuse(parameters: &Parameters) -> Result<()> {
    for (name, harmless, instead) in REFUSED {
        if let Some(value) = parameters.value(name)
            && !harmless.contains(&value.text.as_str())
        {
            let message = format!("`{name}` of {} is not supported", value.origin);
            return Err(Error::new(Code::InvalidUrl, message).hint(*instead));
        }
    }
    Ok(())
}

/// Sessions speak UTF-8; a wish for another encoding changes nothing.
fn check_encoding(parameters: &mut Parameters) {
    let Some(encoding) = parameters.get("client_encoding") else { return };
    if !matches!(encoding.to_ascii_lowercase().as_str(), "utf8" | "utf-8" | "unicode" | "auto") {
        parameters.warnings.push("`client_encoding` is ignored: sessions speak UTF-8".to_owned());
    }
}

fn database(parameters: &mut Parameters, user: &str) -> String {
    if let Some(name) = parameters.get("dbname") {
        return name.to_owned();
    }
    if parameters.is_url {
        parameters.warnings.push("the URL names no database: `postgres` is used".to_owned());
        return "postgres".to_owned();
    }
    user.to_owned()
}

fn passfile(parameters: &mut Parameters, environment: &Environment) -> Passfile {
    let path = parameters
        .get("passfile")
        .map(PathBuf::from)
        .or_else(|| environment.home().map(|home| home.join(".pgpass")));
    let Some(path) = path else { return Passfile::default() };
    let (passfile, warning) = Passfile::read(&path);
    parameters.warnings.extend(warning);
    passfile
}

/// `options`, without a backslash at its end: that would escape the blank before our own.
fn options(parameters: &Parameters) -> Result<Option<String>> {
    let Some(options) = parameters.get("options") else { return Ok(None) };
    let backslashes = options.len() - options.trim_end_matches('\\').len();
    if backslashes % 2 == 1 {
        return Err(Error::new(Code::InvalidUrl, "`options` ends with an open backslash"));
    }
    Ok(Some(options.to_owned()))
}

fn keepalives(parameters: &Parameters) -> Result<Option<Keepalives>> {
    let seconds = |name: &str, default: Duration| {
        let given = parameters.seconds(name)?.filter(|time| !time.is_zero());
        Ok::<_, Error>(given.unwrap_or(default))
    };
    let keepalives = Keepalives {
        idle: seconds("keepalives_idle", KEEPALIVES.idle)?,
        interval: seconds("keepalives_interval", KEEPALIVES.interval)?,
        retries: match parameters.number("keepalives_count")? {
            None | Some(0) => KEEPALIVES.retries,
            // The kernel's limit (tcp(7)).
            Some(count) => u32::try_from(count.min(127)).unwrap_or(KEEPALIVES.retries),
        },
    };
    Ok(parameters.flag("keepalives", true)?.then_some(keepalives))
}

/// The servers: `host`, `hostaddr` and `port` are lists of one length, or one port for all.
fn endpoints(parameters: &Parameters) -> Result<Vec<Endpoint>> {
    let list = |name: &str| -> Vec<&str> {
        parameters
            .get(name)
            .map(|text| text.split(',').map(str::trim).collect())
            .unwrap_or_default()
    };
    let (hosts, addresses) = (list("host"), list("hostaddr"));
    // The URL `postgres://u@h:6432/db?host=/a,/b` has one port for all, too.
    let ports = list("port");
    let count = hosts.len().max(addresses.len()).max(1);
    let uneven = |n: usize, one: bool| n != 0 && n != count && !(one && n == 1);
    if uneven(hosts.len(), false) || uneven(addresses.len(), false) || uneven(ports.len(), true) {
        return Err(Error::new(Code::InvalidUrl, "the lists of hosts and ports differ in length")
            .hint("give as many of `hostaddr` and `port` as of `host`, or one port for all"));
    }
    (0..count)
        .map(|i| {
            let address = match addresses.get(i).copied().filter(|a| !a.is_empty()) {
                None => None,
                Some(text) => Some(text.parse::<IpAddr>().map_err(|_| {
                    Error::new(Code::InvalidUrl, "`hostaddr` is not an IP address")
                })?),
            };
            let name = hosts.get(i).copied().filter(|name| !name.is_empty());
            let name = name.map(str::to_owned).or_else(|| address.map(|a| a.to_string()));
            let port = ports.get(i).or(ports.first()).copied().unwrap_or_default();
            Ok(Endpoint {
                host: host(name.as_deref().unwrap_or("localhost"))?,
                address,
                port: match port {
                    "" => DEFAULT_PORT,
                    text => text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                        Error::new(Code::InvalidUrl, "a port is not a number from 1 to 65535")
                    })?,
                },
            })
        })
        .collect()
}

fn host(name: &str) -> Result<Host> {
    if name.starts_with('@') {
        return Err(Error::new(Code::InvalidUrl, "abstract sockets are not supported")
            .hint("give the folder of a socket in the file system: host=/var/run/postgresql"));
    }
    if name.starts_with('/') {
        return Ok(Host::Socket(PathBuf::from(name)));
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::new(Code::InvalidUrl, "`host` holds a character that no host has"));
    }
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    Ok(Host::Name(bare.to_owned()))
}
