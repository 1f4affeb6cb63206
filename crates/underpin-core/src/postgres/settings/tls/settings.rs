//! What the parameters say about TLS.

use std::path::PathBuf;

use crate::error::{Code, Error, Result};
use crate::postgres::settings::Environment;
use crate::postgres::settings::parameters::{Origin, Parameters};

/// libpq's six modes (manual §34.19.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::postgres::settings) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

const MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

impl SslMode {
    /// The word.
    pub(in crate::postgres::settings) fn word(self) -> &'static str {
        MODES.iter().find(|(_, mode)| *mode == self).map_or("prefer", |(word, _)| word)
    }
}

/// Whose signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres::settings) enum Roots {
    /// None given.
    None,
    /// `sslrootcert=system`.
    System,
    /// A PEM file.
    File(PathBuf),
}

/// How much of the server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

/// Everything about TLS.
#[derive(Debug, Clone)]
pub(in crate::postgres::settings) struct TlsSettings {
    pub(in crate::postgres::settings) mode: SslMode,
    pub(in crate::postgres::settings) roots: Roots,
    /// Prisma's explicit `sslaccept=accept_invalid_certs`: `require` stays without a check
    /// although a CA is named.
    accept_invalid: bool,
    /// Certificate chain and key of the client, PEM.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    pub(super) crl: Option<PathBuf>,
    pub(super) sni: bool,
    pub(super) oldest_is_13: bool,
    pub(super) newest_is_12: bool,
    /// `sslnegotiation=direct`.
    pub(in crate::postgres::settings) direct: bool,
}

impl TlsSettings {
    /// As libpq's variables (manual §34.15).
    pub(in crate::postgres::settings) fn libpq_environment(&self) -> Vec<(&'static str, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        let mut variables = vec![("PGSSLMODE", self.mode.word().to_owned())];
        match &self.roots {
            Roots::None => {}
            Roots::System => variables.push(("PGSSLROOTCERT", "system".to_owned())),
            // libpq would check what `sslaccept=accept_invalid_certs` accepts.
            Roots::File(_) if self.check() == Check::Nothing => {}
            Roots::File(file) => variables.push(("PGSSLROOTCERT", path(file))),
        }
        if let Some((certificate, key)) = &self.identity {
            variables.push(("PGSSLCERT", path(certificate)));
            variables.push(("PGSSLKEY", path(key)));
        }
        variables.extend(self.crl.as_ref().map(|file| ("PGSSLCRL", path(file))));
        if self.oldest_is_13 {
            variables.push(("PGSSLMINPROTOCOLVERSION", "TLSv1.3".to_owned()));
        }
        if self.newest_is_12 {
            variables.push(("PGSSLMAXPROTOCOLVERSION", "TLSv1.2".to_owned()));
        }
        variables
    }

    /// Reads the parameters; looks for `~/.postgresql/` files, opens none.
    ///
    /// # Errors
    /// UP-1002.
    pub(in crate::postgres::settings) fn from_parameters(
        parameters: &mut Parameters,
        environment: &Environment,
    ) -> Result<Self> {
        let strict = strict(parameters)?;
        let (authority, identity) = certificate_files(parameters, environment)?;
        let mode = mode(parameters, strict, &authority)?;
        let roots = match authority {
            Some(path) if path == "system" => Roots::System,
            Some(path) => Roots::File(PathBuf::from(path)),
            None => environment.home_file(".postgresql/root.crt").map_or(Roots::None, Roots::File),
        };
        if mode == SslMode::VerifyCa && !matches!(roots, Roots::File(_)) {
            return Err(Error::new(Code::InvalidUrl, "`sslmode=verify-ca` needs the CA's file")
                .hint("add sslrootcert=/path/to/ca.pem")
                .hint(
                    "or use sslmode=verify-full: with the system's roots, only the name tells \
                     servers apart",
                ));
        }
        let direct =
            parameters.choice("sslnegotiation", &[("postgres", false), ("direct", true)])?;
        let direct = direct.unwrap_or(false);
        if direct && matches!(mode, SslMode::Disable | SslMode::Allow | SslMode::Prefer) {
            let message =
                format!("`sslnegotiation=direct` does not go with `sslmode={}`", mode.word());
            return Err(
                Error::new(Code::InvalidUrl, message).hint("use sslmode=require or stronger")
            );
        }
        let versions = &[("TLSv1", 10), ("TLSv1.1", 11), ("TLSv1.2", 12), ("TLSv1.3", 13)];
        let oldest = parameters.choice("ssl_min_protocol_version", versions)?.unwrap_or(12);
        let newest = parameters.choice("ssl_max_protocol_version", versions)?.unwrap_or(13);
        if newest < 12 || newest < oldest {
            return Err(parameters.invalid("ssl_max_protocol_version", "TLSv1.2 or TLSv1.3"));
        }
        let crl = parameters.get("sslcrl").map(PathBuf::from);
        Ok(Self {
            mode,
            roots,
            accept_invalid: strict == Some(false),
            identity,
            crl: crl.or_else(|| environment.home_file(".postgresql/root.crl")),
            sni: parameters.flag("sslsni", true)?,
            oldest_is_13: oldest == 13,
            newest_is_12: newest == 12,
            direct,
        })
    }

    /// What the mode asks for. `require` with a CA behaves as `verify-ca` (manual §34.19.1).
    pub(super) fn check(&self) -> Check {
        match self.mode {
            SslMode::VerifyFull => Check::ChainAndName,
            SslMode::VerifyCa => Check::Chain,
            SslMode::Require if !self.accept_invalid && matches!(self.roots, Roots::File(_)) => {
                Check::Chain
            }
            _ => Check::Nothing,
        }
    }
}

/// Prisma's `sslaccept`; unknown values mean strict there, and here with a warning.
fn strict(parameters: &mut Parameters) -> Result<Option<bool>> {
    Ok(match parameters.get("sslaccept") {
        None => None,
        Some("strict") => Some(true),
        Some("accept_invalid_certs") => Some(false),
        Some(_) => {
            parameters.warnings.push("an unknown `sslaccept` is taken as `strict`".to_owned());
            Some(true)
        }
    })
}

fn mode(
    parameters: &Parameters,
    strict: Option<bool>,
    authority: &Option<String>,
) -> Result<SslMode> {
    let required = parameters.get("requiressl") == Some("1");
    let given =
        parameters.choice("sslmode", MODES)?.or_else(|| required.then_some(SslMode::Require));
    let from_variable =
        parameters.value("sslmode").is_some_and(|v| matches!(v.origin, Origin::Variable(_)));
    let mode = match (given, strict) {
        (Some(SslMode::VerifyCa), _) => SslMode::VerifyCa,
        // `disable` beside `strict` counts only where the same author wrote both.
        (Some(SslMode::Disable | SslMode::Allow), Some(true)) if from_variable => {
            SslMode::VerifyFull
        }
        (Some(mode @ (SslMode::Disable | SslMode::Allow)), Some(true)) => mode,
        (_, Some(true)) => SslMode::VerifyFull,
        (Some(mode), _) => mode,
        // libpq's default beside `sslrootcert=system`.
        (None, _) if authority.as_deref() == Some("system") => SslMode::VerifyFull,
        (None, _) => SslMode::Prefer,
    };
    if authority.as_deref() == Some("system") && mode != SslMode::VerifyFull {
        let message = format!("`sslrootcert=system` does not go with `sslmode={}`", mode.word());
        return Err(Error::new(Code::InvalidUrl, message).hint("use sslmode=verify-full"));
    }
    Ok(mode)
}

/// Client certificate and key.
type Identity = Option<(PathBuf, PathBuf)>;

/// The CA and the client's identity. `sslcert` is the CA in Prisma and the client's certificate
/// in libpq. It is the client's when a key goes with it (`sslkey`, or `sslrootcert` names the CA
/// already) or when it comes from a place that Prisma does not read; else it is the CA.
fn certificate_files(
    parameters: &mut Parameters,
    environment: &Environment,
) -> Result<(Option<String>, Identity)> {
    let root = parameters.get("sslrootcert").map(str::to_owned);
    let key = parameters.get("sslkey").map(PathBuf::from);
    let use_identity = match parameters.get("sslcertmode") {
        None | Some("allow") => true,
        Some("disable") => false,
        Some(_) => return Err(parameters.invalid("sslcertmode", "allow or disable")),
    };
    let prisma = parameters.get("sslaccept").is_some();
    let authority = match parameters.value("sslcert") {
        Some(v) if v.origin == Origin::Url && key.is_none() && (prisma || root.is_none()) => {
            Some(v.text.clone())
        }
        _ => None,
    };
    if let Some(authority) = authority {
        return Ok((root.or(Some(authority)), None));
    }
    let certificate = parameters
        .get("sslcert")
        .map(PathBuf::from)
        .or_else(|| environment.home_file(".postgresql/postgresql.crt"));
    let key = key.or_else(|| environment.home_file(".postgresql/postgresql.key"));
    match (certificate, key) {
        (Some(certificate), Some(key)) if use_identity => Ok((root, Some((certificate, key)))),
        (Some(_), None) if use_identity && parameters.get("sslcert").is_some() => {
            Err(Error::new(Code::InvalidUrl, "`sslcert` names a client certificate without a key")
                .hint("add sslkey=/path/to/client.key"))
        }
        _ => Ok((root, None)),
    }
}
