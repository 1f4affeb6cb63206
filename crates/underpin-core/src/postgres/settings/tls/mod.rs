//! TLS as libpq's six `sslmode`s mean it (manual §34.19), by rustls with the ring provider given
//! explicitly: a process-wide default would depend on who else is linked in.

mod settings;
mod spki;
mod verifier;

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use tokio_postgres_rustls::MakeRustlsConnect;

use settings::Check;
pub(super) use settings::{Roots, SslMode, TlsSettings};
use verifier::{Rejections, ServerVerifier};

use crate::error::{Code, Error, Result};

/// A connector, and what its verifier refused.
pub(super) struct Tls {
    connector: MakeRustlsConnect,
    rejections: Rejections,
}

impl Tls {
    /// Reads the files that `settings` names. With `sslmode=disable` none is read.
    ///
    /// # Errors
    /// UP-1106: a file is missing, not PEM, empty, or open to other users.
    pub(super) fn load(settings: &TlsSettings) -> Result<Self> {
        let rejections = Rejections::default();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (roots, crls) = match settings.check() {
            Check::Nothing => (Vec::new(), Vec::new()),
            Check::Chain | Check::ChainAndName => (load_roots(settings)?, load_crls(settings)?),
        };
        let verifier =
            ServerVerifier::new(settings.check(), roots, crls, &provider, rejections.clone())?;
        let versions: &[_] = match (settings.oldest_is_13, settings.newest_is_12) {
            (true, _) => &[&TLS13],
            (false, true) => &[&TLS12],
            (false, false) => &[&TLS12, &TLS13],
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|e| failed("TLS cannot be set up").caused_by(e))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &settings.identity {
            Some((certificate, key)) if settings.mode != SslMode::Disable => {
                let chain = load_certificates(certificate, "sslcert")?;
                builder.with_client_auth_cert(chain, load_key(key)?).map_err(|e| {
                    failed(format!(
                        "the client certificate {} and the key {} cannot be used together",
                        certificate.display(),
                        key.display()
                    ))
                    .caused_by(e)
                    .hint("`sslkey` must be the private key that `sslcert` was made for")
                })?
            }
            _ => builder.with_no_client_auth(),
        };
        config.enable_sni = settings.sni;
        if settings.direct {
            // PostgreSQL 17 asks for it when TLS starts without an SSLRequest (manual §55.2.11).
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(Self { connector: MakeRustlsConnect::new(config), rejections })
    }

    /// The connector for the driver.
    pub(super) fn connector(&self) -> MakeRustlsConnect {
        self.connector.clone()
    }

    /// Why the verifier refused a certificate since the last call, if it did.
    pub(super) fn take_rejection(&self) -> Option<rustls::Error> {
        self.rejections.take()
    }
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(Code::TlsFailed, message)
}

fn load_roots(settings: &TlsSettings) -> Result<Vec<CertificateDer<'static>>> {
    match &settings.roots {
        Roots::File(path) => load_certificates(path, "sslrootcert"),
        Roots::System | Roots::None => {
            let found = rustls_native_certs::load_native_certs();
            if found.certs.is_empty() {
                return Err(failed("the system has no trusted root certificates")
                    .details(found.errors.iter().map(ToString::to_string))
                    .hint("install the package `ca-certificates`")
                    .hint("or name the server's CA: sslrootcert=/path/to/ca.pem"));
            }
            Ok(found.certs)
        }
    }
}

fn load_certificates(path: &Path, parameter: &str) -> Result<Vec<CertificateDer<'static>>> {
    let unreadable = |cause: &dyn std::fmt::Display| {
        failed(format!("the certificate file {} (`{parameter}`) cannot be used", path.display()))
            .caused_by(cause)
            .hint(format!(
                "check it: openssl x509 -noout -subject -dates -in {}",
                super::psql::shell_word(&path.display().to_string())
            ))
    };
    let bytes = std::fs::read(path).map_err(|e| unreadable(&e))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|e| unreadable(&e))?;
    if certificates.is_empty() {
        return Err(unreadable(&"it holds no PEM certificate"));
    }
    Ok(certificates)
}

fn load_crls(settings: &TlsSettings) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    let Some(path) = &settings.crl else { return Ok(Vec::new()) };
    let unusable = |cause: &dyn std::fmt::Display| {
        failed(format!("the revocation list {} (`sslcrl`) cannot be used", path.display()))
            .caused_by(cause)
            .hint("`sslcrl` must name a revocation list in PEM form")
    };
    let bytes = std::fs::read(path).map_err(|e| unusable(&e))?;
    let lists: Vec<_> = CertificateRevocationListDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|e| unusable(&e))?;
    if lists.is_empty() { Err(unusable(&"it holds no PEM revocation list")) } else { Ok(lists) }
}

fn load_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let shown = super::psql::shell_word(&path.display().to_string());
    let unusable = |cause: &dyn std::fmt::Display| {
        failed(format!("the private key {} (`sslkey`) cannot be used", path.display()))
            .caused_by(cause)
    };
    let not_pem = |cause: &dyn std::fmt::Display| {
        unusable(cause).hint("`sslkey` must name a private key in PEM form that this user may read")
    };
    let metadata = std::fs::metadata(path).map_err(|e| not_pem(&e))?;
    if open_to_others(&metadata) {
        return Err(unusable(&"others may read it").hint(format!("chmod 0600 {shown}")));
    }
    let bytes = std::fs::read(path).map_err(|e| not_pem(&e))?;
    if bytes.windows(9).any(|part| part == b"ENCRYPTED") {
        return Err(unusable(&"it is encrypted, which is not supported")
            .hint(format!("openssl pkey -in {shown} -out plain.key && chmod 0600 plain.key")));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|e| not_pem(&e))
}

/// libpq's rule (`initialize_SSL`): nothing for group and world; root's own key may be readable
/// by its group.
#[cfg(unix)]
fn open_to_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    metadata.permissions().mode() & forbidden != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> bool {
    false
}
