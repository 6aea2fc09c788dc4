//! What must hold of what a stranger's servers send, and of what a person types as a target.

use chain::seen::outside::DnsAnswer;
use chain::target::ChainTarget;
use hickory_proto::rr::RecordType;
use probe::dns::question::DnsQuestion;
use probe::{certificate, registration};
use rustls::pki_types::ServerName;

/// A check of one input; it panics when something does not hold.
pub type Check = fn(&[u8]);

/// The checks by their names, which are also those of the targets and of the folders below `corpus_probe/`.
pub const ALL: [(&str, Check); 4] = [
    ("probe_certificate", probe_certificate),
    ("probe_dns", probe_dns),
    ("probe_registration", probe_registration),
    ("probe_target", probe_target),
];

fn assert_printable(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

/// An answer of DNS is refused, or says only what belongs to the question, as short text that can be shown. The first
/// byte says which question was asked.
pub fn probe_dns(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let kinds = [RecordType::A, RecordType::NS, RecordType::CAA, RecordType::DNSKEY, RecordType::DS, RecordType::SOA];
    let name = "dev.example.one";
    let kind = kinds[usize::from(*kind) % kinds.len()];
    let question = DnsQuestion::new(name, kind).expect("a name");
    // Whoever forges an answer may have guessed the id.
    let id = bytes.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
    let Ok(reply) = question.read(id, bytes) else { return };
    if let DnsAnswer::Records(records) = &reply.answer {
        assert!(!records.is_empty() && records.len() <= 64, "{}", records.len());
        let mut at = name.to_owned();
        for record in records {
            assert_eq!(record.owner, at, "a record that no CNAME leads to");
            assert!(record.kind == "CNAME" || record.kind == kind.to_string(), "{record:?}");
            if record.kind == "CNAME" {
                at.clone_from(&record.value);
            }
        }
    }
    let referral = reply.referral.iter().flat_map(|referral| &referral.records);
    let records = match &reply.answer {
        DnsAnswer::Records(records) => records.as_slice(),
        _ => &[],
    };
    for record in records.iter().chain(referral) {
        assert_printable(&record.value);
        assert!(record.value.chars().count() <= 300 && record.owner.len() <= 1024, "{record:?}");
    }
}

/// A certificate is refused, or read in part, with text that can be shown.
pub fn probe_certificate(bytes: &[u8]) {
    let host = ServerName::try_from("dev.example.one").expect("a name");
    let Some(read) = certificate::read(bytes, &host) else { return };
    assert!(read.names.len() <= 50 && read.names.len() <= read.name_count, "{read:?}");
    for text in read.names.iter().chain([&read.subject, &read.issuer]) {
        assert_printable(text);
        assert!(text.chars().count() <= 255, "{text}");
    }
}

/// An answer of a registry is refused, or gives words that can be shown.
pub fn probe_registration(bytes: &[u8]) {
    let Some(read) = registration::read("example.one", bytes) else { return };
    assert!(read.statuses.len() <= 20, "{read:?}");
    read.statuses.iter().for_each(|status| assert_printable(status));
}

/// A target is refused with a sentence of one line, or is read again as the same.
pub fn probe_target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match ChainTarget::parse(text) {
        Ok(target) => {
            if let Some(name) = target.name() {
                assert!(name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len())), "{name}");
            }
            assert!(target.path().starts_with('/') && !target.shown().contains('?'), "{}", target.shown());
            assert_eq!(ChainTarget::parse(target.url().as_str()), Ok(target));
        }
        Err(error) => assert_printable(&error.to_string()),
    }
}
