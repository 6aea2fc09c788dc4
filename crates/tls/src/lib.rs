//! TLS clients on one set of root certificates. Each client would read the certificates of the machine for itself, a few
//! hundred files, and keep a copy of its own.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Why no TLS connection can be made from this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// There are no root certificates.
    #[error(
        "this machine has no root certificates{0}; install the package ca-certificates, or set SSL_CERT_FILE to a file with them"
    )]
    NoRoots(String),
    /// A file that the environment names cannot be read.
    #[error("{0} names {1}, which cannot be read: {2}; name a file of root certificates (PEM), or unset it")]
    Unreadable(&'static str, String, String),
    /// The cryptography is not usable.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// 32 random bytes, as a key has them; `None` if the machine gives none.
pub fn random_key() -> Option<[u8; 32]> {
    let mut key = [0; 32];
    rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut key).ok()?;
    Some(key)
}

/// What judges the certificates that a server presents.
pub type ServerTrust = Arc<dyn ServerCertVerifier>;

static CONFIG: OnceLock<(ClientConfig, ServerTrust)> = OnceLock::new();

/// A configuration for HTTPS clients, which offers HTTP/2 and HTTP/1.1 and trusts the roots of this machine, as
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name them or as the system keeps them. Their files are read at the first call of
/// this or of [`pem`]; a later change is seen after a restart.
///
/// # Errors
/// If there are none.
pub fn https() -> Result<ClientConfig, TlsError> {
    match CONFIG.get() {
        Some((config, _)) => Ok(config.clone()),
        None => load().map(|((config, _), _)| config),
    }
}

/// What [`https`] judges certificates by, for a client that looks at them whether they are trusted or not.
///
/// # Errors
/// If there are no root certificates.
pub fn trust() -> Result<ServerTrust, TlsError> {
    match CONFIG.get() {
        Some((_, trust)) => Ok(Arc::clone(trust)),
        None => load().map(|((_, trust), _)| trust),
    }
}

/// The same roots as PEM, for clients that make their own configuration. They are read anew, and not kept: most of what
/// a daemon that waits has in memory would be these.
///
/// # Errors
/// If there are none.
pub fn pem() -> Result<String, TlsError> {
    load().map(|(_, pem)| pem)
}

fn load() -> Result<((ClientConfig, ServerTrust), String), TlsError> {
    named("SSL_CERT_FILE", std::env::var_os("SSL_CERT_FILE").as_deref(), |path| std::fs::File::open(path).map(drop))?;
    let found = rustls_native_certs::load_native_certs();
    let (config, pem) = trusted(found.certs, &found.errors)?;
    Ok((CONFIG.get_or_init(|| config).clone(), pem))
}

/// Whether what a variable names can be read: other roots than those that were wanted are no help.
fn named(
    variable: &'static str,
    path: Option<&OsStr>,
    read: impl FnOnce(&Path) -> std::io::Result<()>,
) -> Result<(), TlsError> {
    let Some(path) = path.filter(|path| !path.is_empty()).map(Path::new) else { return Ok(()) };
    read(path).map_err(|error| TlsError::Unreadable(variable, path.display().to_string(), error.to_string()))
}

fn trusted(
    certificates: Vec<CertificateDer<'static>>,
    errors: &[impl Display],
) -> Result<((ClientConfig, ServerTrust), String), TlsError> {
    for error in errors {
        tracing::warn!("a root certificate cannot be read: {error}");
    }
    let mut store = RootCertStore::empty();
    let mut pem = String::new();
    for certificate in certificates {
        let text = encoded(&certificate);
        // Some systems keep roots that today's standards do not allow; no server's chain ends in them.
        if store.add(certificate).is_ok() {
            pem.push_str(&text);
        }
    }
    if store.is_empty() {
        return Err(TlsError::NoRoots(errors.first().map(|error| format!(" ({error})")).unwrap_or_default()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider)).build();
    let verifier = verifier.map_err(|error| TlsError::Setup(error.to_string()))?;
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| TlsError::Setup(error.to_string()))?;
    let mut config = builder.with_webpki_verifier(Arc::clone(&verifier)).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(((config, verifier), pem))
}

fn encoded(certificate: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64_STANDARD.encode(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_certificates_is_told_what_to_install() {
        let none: [&str; 0] = [];
        let error = trusted(vec![], &none).unwrap_err().to_string();
        assert!(error.starts_with("this machine has no root certificates; install"), "{error}");
        let error = trusted(vec![], &["/etc/ssl/certs: permission denied"]).unwrap_err().to_string();
        assert!(
            error.starts_with("this machine has no root certificates (/etc/ssl/certs: permission denied);"),
            "{error}"
        );
        assert!(trusted(vec![CertificateDer::from(vec![1, 2, 3])], &none).is_err(), "bytes that are no certificate");
    }

    #[test]
    fn a_variable_that_names_a_file_which_cannot_be_read_is_told() {
        let missing = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        let error = named("SSL_CERT_FILE", Some(OsStr::new("/no/roots.pem")), missing).unwrap_err().to_string();
        assert!(error.starts_with("SSL_CERT_FILE names /no/roots.pem, which cannot be read: "), "{error}");
        assert_eq!(named("SSL_CERT_FILE", Some(OsStr::new("")), missing), Ok(()));
        assert_eq!(named("SSL_CERT_FILE", None, missing), Ok(()));
        assert_eq!(named("SSL_CERT_FILE", Some(OsStr::new("/roots.pem")), |_| Ok(())), Ok(()));
    }

    #[test]
    fn the_roots_of_this_machine_are_offered_as_a_configuration_and_as_pem() {
        let pem = pem().unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\nMII"), "{pem}");
        assert_eq!(CONFIG.get().unwrap().0.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
        assert_eq!(https().unwrap().alpn_protocols, CONFIG.get().unwrap().0.alpn_protocols);
    }
}
