//! A handshake that goes on with any certificate, and writes down what was presented and whether it is trusted. It
//! carries nothing that is secret.

use std::sync::{Arc, Mutex, PoisonError};

use chain::seen::outside::CertificateDistrust;
use model::redact;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tls::{ServerTrust, TlsError};

/// The most certificates of a chain that are kept.
const MAX_CHAIN: usize = 10;

/// What a server presented.
#[derive(Debug, Clone)]
pub(crate) struct PresentedChain {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) distrusted: Option<CertificateDistrust>,
}

/// Judges by another, and lets everything pass.
#[derive(Debug)]
pub(crate) struct RecordingVerifier {
    trust: ServerTrust,
    presented: Mutex<Option<PresentedChain>>,
}

impl RecordingVerifier {
    pub(crate) fn new(trust: ServerTrust) -> Arc<Self> {
        Arc::new(Self { trust, presented: Mutex::new(None) })
    }

    /// What was presented; `None` before a certificate came.
    pub(crate) fn presented(&self) -> Option<PresentedChain> {
        self.presented.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A client that speaks HTTP/1.1 and uses this verifier.
    pub(crate) fn config(self: &Arc<Self>) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| TlsError::Setup(error.to_string()))?;
        let verifier = Arc::clone(self) as ServerTrust;
        let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn distrust(error: &Error) -> CertificateDistrust {
    match error {
        Error::InvalidCertificate(error) => match error {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                CertificateDistrust::WrongName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => CertificateDistrust::NotValidNow,
            CertificateError::UnknownIssuer => CertificateDistrust::UnknownIssuer,
            other => CertificateDistrust::Other(redact::phrase(&other.to_string())),
        },
        other => CertificateDistrust::Other(redact::phrase(&other.to_string())),
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let distrusted = self.trust.verify_server_cert(leaf, intermediates, name, ocsp, now).err();
        let all = std::iter::once(leaf).chain(intermediates).take(MAX_CHAIN);
        let presented = PresentedChain {
            certificates: all.map(|certificate| certificate.clone().into_owned()).collect(),
            distrusted: distrusted.as_ref().map(distrust),
        };
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trust.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trust.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.supported_verify_schemes()
    }
}
