//! The check of the server's certificate.

use std::sync::{Arc, Mutex};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::settings::Check;
use super::{failed, spki};
use crate::error::Result;

/// What a verifier refused, for the error's text: the driver passes on only words.
#[derive(Debug, Clone, Default)]
pub(super) struct Rejections(Arc<Mutex<Option<rustls::Error>>>);

impl Rejections {
    pub(super) fn take(&self) -> Option<rustls::Error> {
        self.0.lock().ok()?.take()
    }

    fn keep(&self, error: &rustls::Error) {
        if let Ok(mut slot) = self.0.lock() {
            *slot = Some(error.clone());
        }
    }
}

/// Checks as much as the mode asks for. Handshake signatures are checked always: without them
/// anybody who saw a certificate could pose as its owner, and channel binding would mean nothing.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    roots: Vec<CertificateDer<'static>>,
    name: bool,
    algorithms: WebPkiSupportedAlgorithms,
    rejections: Rejections,
}

impl ServerVerifier {
    pub(super) fn new(
        check: Check,
        roots: Vec<CertificateDer<'static>>,
        crls: Vec<CertificateRevocationListDer<'static>>,
        provider: &Arc<CryptoProvider>,
        rejections: Rejections,
    ) -> Result<Self> {
        let chain = if check == Check::Nothing {
            None
        } else {
            let mut store = RootCertStore::empty();
            // System stores hold certificates that no verifier takes; one good one is enough.
            let (added, _) = store.add_parsable_certificates(roots.iter().cloned());
            if added == 0 {
                return Err(failed("none of the root certificates can be used")
                    .hint("the CA's certificate must be X.509 version 3"));
            }
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
                    .with_crls(crls)
                    .build()
                    .map_err(|e| failed("the certificates cannot be used").caused_by(e))?;
            Some(verifier)
        };
        Ok(Self {
            chain,
            roots,
            name: check == Check::ChainAndName,
            algorithms: provider.signature_verification_algorithms,
            rejections,
        })
    }

    /// Whether the failure is one that this mode forgives.
    fn forgives(
        &self,
        error: &rustls::Error,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
    ) -> bool {
        let rustls::Error::InvalidCertificate(kind) = error else { return false };
        match kind {
            // webpki looks at the name last, so the chain has passed.
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                !self.name
            }
            // A self-signed certificate made by `openssl req -x509` is marked as a CA. webpki
            // refuses it as a server's; libpq takes it where it is itself the trusted root.
            // The dates have passed by then (webpki, `check_issuer_independent_properties`).
            CertificateError::Other(other)
                if other.to_string().contains("CaUsedAsEndEntity")
                    && self.roots.iter().any(|root| root == certificate) =>
            {
                !self.name || matches_name(certificate, name)
            }
            _ => false,
        }
    }
}

fn matches_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    rustls::server::ParsedCertificate::try_from(certificate)
        .is_ok_and(|parsed| rustls::client::verify_server_name(&parsed, name).is_ok())
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(error) if !self.forgives(&error, end_entity, server_name) => {
                self.rejections.keep(&error);
                Err(error)
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
            .inspect_err(|error| self.rejections.keep(error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.algorithms;
        let checked =
            rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms);
        let error = match checked {
            Err(error) if self.chain.is_none() => error,
            other => return other.inspect_err(|error| self.rejections.keep(error)),
        };
        // webpki reads version 3 certificates only, and home-made ones are often version 1.
        // Where no chain is checked, their key is enough to check the signature.
        let Some(key) = spki::public_key(certificate) else { return Err(error) };
        rustls::crypto::verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(key),
            signature,
            algorithms,
        )
        .inspect_err(|error| self.rejections.keep(error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
