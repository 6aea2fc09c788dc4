//! Certificates of an authority of our own.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tls::ServerTrust;

/// A certificate with its key and the chain that the server sends.
#[derive(Debug, Clone)]
pub(crate) struct ServerCertificate {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Vec<u8>,
}

impl ServerCertificate {
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone().into())
    }
}

/// Days from now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Valid(pub(crate) i64, pub(crate) i64);

const VALID: Valid = Valid(-30, 300);

/// A root, which clients trust, and an intermediate.
pub(crate) struct Authority {
    root_der: CertificateDer<'static>,
    intermediate: (Issuer<'static, KeyPair>, CertificateDer<'static>),
}

fn dated(mut params: CertificateParams, Valid(from, until): Valid) -> CertificateParams {
    let now = super::now();
    let day = |days: i64| {
        let date = now + chrono::TimeDelta::days(days);
        let (year, month, day) =
            (chrono::Datelike::year(&date), chrono::Datelike::month(&date), chrono::Datelike::day(&date));
        rcgen::date_time_ymd(year, u8::try_from(month).unwrap(), u8::try_from(day).unwrap())
    };
    params.not_before = day(from);
    params.not_after = day(until);
    params
}

fn authority(name: &str, valid: Valid) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "Amazon Laboratory");
    dated(params, valid)
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("Laboratory", VALID)
    }

    /// One that no client knows.
    pub(crate) fn stranger() -> Self {
        Self::named("Stranger", VALID)
    }

    /// One whose intermediate certificate is valid only so long.
    pub(crate) fn with_intermediate(valid: Valid) -> Self {
        Self::named("Laboratory", valid)
    }

    fn named(name: &str, valid: Valid) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority(&format!("{name} Root"), Valid(-3000, 3000));
        let root_der = params.self_signed(&key).unwrap().der().clone();
        let root = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = authority(&format!("{name} Intermediate"), valid);
        let der = params.signed_by(&key, &root).unwrap().der().clone();
        let intermediate = (Issuer::new(params, key), der);
        Self { root_der, intermediate }
    }

    pub(crate) fn trust(&self) -> ServerTrust {
        let mut roots = RootCertStore::empty();
        roots.add(self.root_der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap()
    }

    /// A leaf with its intermediate.
    pub(crate) fn leaf(&self, names: &[&str]) -> ServerCertificate {
        self.dated_leaf(names, VALID)
    }

    pub(crate) fn dated_leaf(&self, names: &[&str], valid: Valid) -> ServerCertificate {
        let (issuer, der) = &self.intermediate;
        let mut leaf = leaf(names, valid, Some(issuer));
        leaf.chain.push(der.clone());
        leaf
    }
}

/// A leaf that is signed by itself.
pub(crate) fn self_signed(names: &[&str]) -> ServerCertificate {
    leaf(names, VALID, None)
}

fn leaf(names: &[&str], valid: Valid, issuer: Option<&Issuer<'static, KeyPair>>) -> ServerCertificate {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names.clone()).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, names.first().map_or("none", String::as_str).chars().take(60).collect::<String>());
    let params = dated(params, valid);
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    ServerCertificate { chain: vec![certificate.der().clone()], key: key.serialize_der() }
}
