//! One question, and what an answer to it says. The bytes are decoded by hickory-proto; which of them belong to the
//! question is decided here.

use std::collections::BTreeSet;
use std::net::IpAddr;

use chain::seen::outside::{DnsAnswer, DnsRecordSeen};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use model::redact;

/// What a server may send in one packet, bytes: the size that passes everywhere (DNS Flag Day 2020).
const MAX_PACKET: u16 = 1232;
/// The most records of an answer that are kept.
const MAX_RECORDS: usize = 64;
/// The most characters of a value that are kept.
const MAX_VALUE: usize = 300;

/// A question to a DNS server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsQuestion {
    name: Name,
    kind: RecordType,
    recursive: bool,
    unchecked: bool,
}

/// An answer that belongs to its question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsReply {
    /// What it says.
    pub answer: DnsAnswer,
    /// Whether the server said that it is authoritative.
    pub authoritative: bool,
    /// The zone whose SOA came with it.
    pub soa: Option<String>,
    /// Where it refers to, if it does.
    pub referral: Option<DnsReferral>,
}

/// The servers of a zone below, as the zone above names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsReferral {
    /// The zone below.
    pub zone: String,
    /// Its NS records, sorted.
    pub records: Vec<DnsRecordSeen>,
    /// Addresses that came along (glue): the server's name, and an address of it.
    pub glue: Vec<(String, IpAddr)>,
}

/// Why bytes are no answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DnsReplyError {
    /// They are no DNS message.
    #[error("the answer is no DNS message")]
    Unreadable,
    /// Another id, another question, or no answer at all: perhaps forged.
    #[error("the answer belongs to another question")]
    NotMine,
    /// It did not fit into a packet and is to be asked again over TCP.
    #[error("the answer is cut short")]
    Truncated,
}

impl DnsQuestion {
    /// A question that a server answers from its own zones. `None` if the name is none.
    pub fn new(name: &str, kind: RecordType) -> Option<Self> {
        let mut name = Name::from_ascii(name).ok()?.to_lowercase();
        name.set_fqdn(true);
        Some(Self { name, kind, recursive: false, unchecked: false })
    }

    /// The same to a resolver.
    #[must_use]
    pub fn recursive(self) -> Self {
        Self { recursive: true, ..self }
    }

    /// The same without checking DNSSEC (CD=1).
    #[must_use]
    pub fn unchecked(self) -> Self {
        Self { unchecked: true, ..self }
    }

    /// Whether it is asked without checking DNSSEC.
    pub fn is_unchecked(&self) -> bool {
        self.unchecked
    }

    /// The name that is asked for.
    pub fn name(&self) -> String {
        plain(&self.name)
    }

    /// The type that is asked for.
    pub fn kind(&self) -> String {
        self.kind.to_string()
    }

    /// The message to send, with a random id. `None` if it cannot be written.
    pub fn message(&self) -> Option<(u16, Vec<u8>)> {
        let mut message = Message::query();
        message.metadata.recursion_desired = self.recursive;
        message.metadata.checking_disabled = self.unchecked;
        message.add_query(Query::query(self.name.clone(), self.kind));
        let mut edns = Edns::new();
        edns.set_max_payload(MAX_PACKET);
        message.set_edns(edns);
        Some((message.metadata.id, message.to_vec().ok()?))
    }

    /// Reads an answer to this question, sent with `id`.
    ///
    /// # Errors
    /// If it is none, belongs to another question, or is cut short.
    pub fn read(&self, id: u16, bytes: &[u8]) -> Result<DnsReply, DnsReplyError> {
        let message = match Message::from_vec(bytes) {
            Ok(message) => message,
            // A cut answer may end within a record. Its header says that it is cut.
            Err(_) if cut_answer(id, bytes) => return Err(DnsReplyError::Truncated),
            Err(_) => return Err(DnsReplyError::Unreadable),
        };
        let meta = &message.metadata;
        let mine = meta.id == id && meta.message_type == MessageType::Response && meta.op_code == OpCode::Query;
        let same = |query: &Query| {
            query.name() == &self.name && query.query_type() == self.kind && query.query_class() == DNSClass::IN
        };
        let refused = !matches!(meta.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
        let asked = match message.queries.as_slice() {
            [query] => same(query),
            // Servers that do not understand a question may leave it out.
            [] => refused,
            _ => false,
        };
        if !mine || !asked {
            return Err(DnsReplyError::NotMine);
        }
        if meta.truncation {
            return Err(DnsReplyError::Truncated);
        }
        Ok(self.judge(&message))
    }

    fn judge(&self, message: &Message) -> DnsReply {
        let soa = message.authorities.iter().chain(&message.answers).find_map(|record| match &record.data {
            RData::SOA(soa) if record.name.zone_of(&self.name) => {
                Some((plain(&record.name), record.ttl.min(soa.minimum)))
            }
            _ => None,
        });
        let negative_ttl = soa.as_ref().map(|(_, ttl)| *ttl);
        let records = self.own_records(&message.answers);
        let referral = records.is_empty().then(|| self.referral(message)).flatten();
        let answer = match message.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain if !records.is_empty() => DnsAnswer::Records(records),
            ResponseCode::NoError => DnsAnswer::NoData { negative_ttl },
            ResponseCode::NXDomain => DnsAnswer::NoName { negative_ttl },
            code => DnsAnswer::Failed { code: code_name(code) },
        };
        let authoritative = message.metadata.authoritative;
        DnsReply { answer, authoritative, soa: soa.map(|(zone, _)| zone), referral }
    }

    /// The records that answer the question, in the order in which CNAMEs lead to them; what else a server adds is not
    /// believed.
    fn own_records(&self, answers: &[Record]) -> Vec<DnsRecordSeen> {
        let mut found = Vec::new();
        let mut at = self.name.clone();
        let mut met = BTreeSet::new();
        while met.insert(at.to_lowercase()) && found.len() < MAX_RECORDS {
            let here = || answers.iter().filter(|record| record.name == at && record.dns_class == DNSClass::IN);
            let wanted: Vec<_> = here().filter(|record| record.record_type() == self.kind).map(seen).collect();
            if !wanted.is_empty() {
                found.extend(wanted);
                break;
            }
            let alias = here().find_map(|record| match &record.data {
                RData::CNAME(target) => Some((record, target.0.clone())),
                _ => None,
            });
            let Some((record, target)) = alias else { break };
            found.push(seen(record));
            at = target;
        }
        found.truncate(MAX_RECORDS);
        found
    }

    fn referral(&self, message: &Message) -> Option<DnsReferral> {
        // Some servers set AA on referrals, too. An answer of their own that has no records comes with a SOA.
        let is_own = message.metadata.authoritative
            && message.authorities.iter().any(|record| record.record_type() == RecordType::SOA);
        if message.metadata.response_code != ResponseCode::NoError || is_own {
            return None;
        }
        let names = |record: &&Record| record.record_type() == RecordType::NS && record.name.zone_of(&self.name);
        let zone = message.authorities.iter().find(names)?.name.clone();
        let mut records: Vec<_> =
            message.authorities.iter().filter(names).filter(|record| record.name == zone).map(seen).collect();
        records.truncate(MAX_RECORDS);
        records.sort_by(|one, other| one.value.cmp(&other.value));
        let glue = message.additionals.iter().filter_map(|record| {
            let address = match &record.data {
                RData::A(address) => IpAddr::V4(address.0),
                RData::AAAA(address) => IpAddr::V6(address.0),
                _ => return None,
            };
            let name = plain(&record.name);
            records.iter().any(|server| server.value == name).then_some((name, address))
        });
        let glue = glue.collect();
        Some(DnsReferral { zone: plain(&zone), records, glue })
    }
}

/// Whether the header alone says that this is the answer with this id, and cut.
fn cut_answer(id: u16, bytes: &[u8]) -> bool {
    const RESPONSE: u8 = 0x80;
    const CUT: u8 = 0x02;
    match bytes {
        [high, low, flags, _, ..] => {
            u16::from_be_bytes([*high, *low]) == id && flags & RESPONSE != 0 && flags & CUT != 0
        }
        _ => false,
    }
}

/// A name as people write it: lower case, without a dot at its end; the root is `.`.
pub(super) fn plain(name: &Name) -> String {
    let text = redact::printable(&name.to_lowercase().to_ascii());
    match text.strip_suffix('.') {
        Some("") | None => text,
        Some(rest) => rest.to_owned(),
    }
}

fn code_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::NotAuth => "NOTAUTH".to_owned(),
        other => format!("code {}", u16::from(other)),
    }
}

fn seen(record: &Record) -> DnsRecordSeen {
    DnsRecordSeen {
        owner: plain(&record.name),
        kind: record.record_type().to_string(),
        value: value(&record.data),
        ttl: record.ttl,
    }
}

fn value(data: &RData) -> String {
    let text = match data {
        RData::A(address) => address.0.to_string(),
        RData::AAAA(address) => address.0.to_string(),
        RData::CNAME(name) => plain(&name.0),
        RData::NS(name) => plain(&name.0),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            plain(&soa.mname),
            plain(&soa.rname),
            soa.serial,
            soa.refresh,
            soa.retry,
            soa.expire,
            soa.minimum
        ),
        RData::CAA(caa) => {
            format!("{} {} \"{}\"", u8::from(caa.issuer_critical) << 7, caa.tag, String::from_utf8_lossy(&caa.value))
        }
        RData::Unknown { code: RecordType::DS, rdata } => delegation_signer(&rdata.anything),
        RData::Unknown { code: RecordType::DNSKEY, rdata } => zone_key(&rdata.anything),
        other => other.to_string(),
    };
    redact::printable(&text).chars().take(MAX_VALUE).collect()
}

/// `TAG ALGORITHM DIGEST-TYPE DIGEST` of a DS (RFC 4034, 5.1).
fn delegation_signer(rdata: &[u8]) -> String {
    match rdata {
        [high, low, algorithm, digest_kind, digest @ ..] => {
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{} {algorithm} {digest_kind} {digest}", u16::from_be_bytes([*high, *low]))
        }
        _ => "unreadable".to_owned(),
    }
}

/// `TAG ALGORITHM FLAGS` of a DNSKEY: its key tag is what a DS names (RFC 4034, appendix B), the key itself is long.
fn zone_key(rdata: &[u8]) -> String {
    match rdata {
        [high, low, _, algorithm, ..] => {
            let sum = rdata.chunks(2).fold(0u32, |sum, pair| {
                let word = match pair {
                    [one, other] => u16::from_be_bytes([*one, *other]),
                    [one] => u16::from_be_bytes([*one, 0]),
                    _ => 0,
                };
                sum.wrapping_add(u32::from(word))
            });
            let tag = sum.wrapping_add(sum >> 16) & 0xffff;
            format!("{tag} {algorithm} {}", u16::from_be_bytes([*high, *low]))
        }
        _ => "unreadable".to_owned(),
    }
}
