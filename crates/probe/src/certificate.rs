//! A certificate as it was presented. Its bytes are decoded by x509-cert.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chain::seen::outside::CertificateSeen;
use chrono::{DateTime, Utc};
use model::redact;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

/// The most names of a certificate that are kept.
const MAX_NAMES: usize = 50;
/// The most characters of a name that are kept.
const MAX_TEXT: usize = 255;

/// Reads a certificate in DER; `host` is whom it should be for. `None` if it cannot be read.
pub fn read(der: &[u8], host: &ServerName<'_>) -> Option<CertificateSeen> {
    let certificate = CertificateInner::<Raw>::from_der(der).ok()?;
    let body = certificate.tbs_certificate();
    let mut names = Vec::new();
    let mut name_count = 0;
    for extension in body.filter_extensions::<SubjectAltName>() {
        let Ok((_, SubjectAltName(all))) = extension else { continue };
        name_count += all.len();
        names.extend(all.iter().filter_map(general_name).take(MAX_NAMES.saturating_sub(names.len())));
    }
    let covers_host = ParsedCertificate::try_from(&CertificateDer::from(der))
        .is_ok_and(|certificate| verify_server_name(&certificate, host).is_ok());
    Some(CertificateSeen {
        names,
        name_count,
        subject: text(&body.subject().to_string()),
        issuer: text(&body.issuer().to_string()),
        not_before: instant(&body.validity().not_before)?,
        not_after: instant(&body.validity().not_after)?,
        covers_host,
    })
}

fn general_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(text(name.as_str()).to_ascii_lowercase()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = || <[u8; 4]>::try_from(bytes).ok().map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)));
            let v6 = || <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::from(Ipv6Addr::from(bytes)));
            Some(v4().or_else(v6)?.to_string())
        }
        _ => None,
    }
}

fn text(text: &str) -> String {
    redact::printable(text).chars().take(MAX_TEXT).collect()
}

fn instant(time: &Time) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
    DateTime::from_timestamp(seconds, 0)
}
