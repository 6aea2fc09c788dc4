//! What a name server knows, and how it answers.

use std::net::Ipv4Addr;
use std::str::FromStr;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CAA, CNAME, NS, NULL, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// How a server behaves, whatever it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It answers.
    Answers,
    /// It never answers.
    Silent,
    /// It answers this code to all.
    Code(ResponseCode),
    /// A resolver that checks DNSSEC, and finds it broken.
    ChecksDnssec,
    /// It says that it is authoritative, also where it refers to others.
    AlwaysAuthoritative,
    /// It answers as if it had no data, and not with authority.
    Empty,
    /// UDP has no room for its answers.
    Truncates,
    /// The true answer comes after one with another id, one to another question, and one that is no message.
    ForgedFirst,
    /// Only the forged ones come.
    ForgedOnly,
}

/// A name server.
#[derive(Debug, Clone)]
pub(crate) struct NameServer {
    pub(crate) zones: Vec<Zone>,
    pub(crate) behaviour: Behaviour,
    recursive: bool,
}

/// A zone: its name and its records. Addresses are `@` and their last part.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    name: String,
    /// Of the SOA: primary server, serial, negative TTL.
    pub(crate) start: (String, u32, u32),
    records: Vec<String>,
}

impl Zone {
    /// Records are `owner ttl type value`.
    pub(crate) fn new(name: &str, records: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            start: (format!("ns1.{name}").replace("..", ""), 7, 900),
            records: records.iter().map(|record| (*record).to_owned()).collect(),
        }
    }

    pub(crate) fn add(&mut self, record: &str) {
        self.records.push(record.to_owned());
    }

    pub(crate) fn remove(&mut self, owner: &str) {
        self.records.retain(|record| record.split(' ').next() != Some(owner));
    }

    fn holds(&self, name: &Name) -> bool {
        fqdn(&self.name).zone_of(name)
    }

    fn of(&self, name: &Name, prefix: [u8; 3]) -> Vec<Record> {
        let all = self.records.iter().map(|text| record(text, prefix));
        all.filter(|record| record.name == *name).collect()
    }

    fn soa(&self) -> Record {
        let (primary, serial, negative) = &self.start;
        let soa = SOA::new(fqdn(primary), fqdn("admin.example.one"), *serial, 3600, 600, 86400, *negative);
        Record::from_rdata(fqdn(&self.name), 3600, RData::SOA(soa))
    }

    /// The name servers of a zone below that holds the name.
    fn cut(&self, name: &Name, prefix: [u8; 3]) -> Vec<Record> {
        let mut at = name.clone();
        while at != fqdn(&self.name) && !at.is_root() {
            let servers: Vec<Record> =
                self.of(&at, prefix).into_iter().filter(|record| record.record_type() == RecordType::NS).collect();
            if !servers.is_empty() {
                return servers;
            }
            at = at.base_name();
        }
        vec![]
    }
}

impl NameServer {
    pub(crate) fn of(zones: Vec<Zone>) -> Self {
        Self { zones, behaviour: Behaviour::Answers, recursive: false }
    }

    pub(crate) fn resolver(known: Zone) -> Self {
        Self { recursive: true, ..Self::of(vec![known]) }
    }

    /// The answer to a question; `None` for silence.
    pub(crate) fn answer(&self, question: &Message, prefix: [u8; 3], over_tcp: bool) -> Option<Message> {
        let query = question.queries.first()?.clone();
        let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
        answer.metadata.recursion_desired = question.metadata.recursion_desired;
        answer.add_query(query.clone());
        match self.behaviour {
            Behaviour::Silent => return None,
            Behaviour::Code(code) => answer.metadata.response_code = code,
            Behaviour::ChecksDnssec if !question.metadata.checking_disabled => {
                answer.metadata.response_code = ResponseCode::ServFail;
            }
            Behaviour::Empty => {}
            Behaviour::Truncates if !over_tcp => answer.metadata.truncation = true,
            _ => self.fill(&mut answer, query.name(), query.query_type(), prefix),
        }
        Some(answer)
    }

    fn fill(&self, answer: &mut Message, name: &Name, kind: RecordType, prefix: [u8; 3]) {
        let deepest =
            self.zones.iter().filter(|zone| zone.holds(name)).max_by_key(|zone| fqdn(&zone.name).num_labels());
        let Some(zone) = deepest else {
            answer.metadata.response_code = ResponseCode::Refused;
            return;
        };
        answer.metadata.recursion_available = self.recursive;
        let cut = zone.cut(name, prefix);
        let at_cut = cut.first().is_some_and(|server| server.name == *name);
        let is_of_parent = at_cut && kind == RecordType::DS;
        if !(self.recursive || cut.is_empty() || is_of_parent) {
            for server in &cut {
                if let RData::NS(NS(target)) = &server.data {
                    answer.add_additionals(zone.of(target, prefix));
                }
            }
            answer.add_authorities(cut);
            answer.metadata.authoritative = self.behaviour == Behaviour::AlwaysAuthoritative;
            return;
        }
        answer.metadata.authoritative = !self.recursive;
        let mut at = name.clone();
        for _ in 0..20 {
            let here = zone.of(&at, prefix);
            let wanted: Vec<Record> = here.iter().filter(|record| record.record_type() == kind).cloned().collect();
            if kind == RecordType::SOA && at == fqdn(&zone.name) && !self.recursive {
                answer.add_answer(zone.soa());
                return;
            }
            if !wanted.is_empty() {
                answer.add_answers(wanted);
                return;
            }
            let alias = here.iter().find_map(|record| match &record.data {
                RData::CNAME(CNAME(target)) => Some((record.clone(), target.clone())),
                _ => None,
            });
            let Some((record, target)) = alias else {
                if here.is_empty() && at != fqdn(&zone.name) && !self.below(zone, &at) && zone.holds(&at) {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
                if zone.holds(&at) {
                    answer.add_authority(zone.soa());
                }
                return;
            };
            answer.add_answer(record);
            at = target;
            if !zone.holds(&at) {
                return;
            }
        }
    }

    /// Whether there are names below this one, so that it exists.
    fn below(&self, zone: &Zone, name: &Name) -> bool {
        zone.records.iter().any(|record| name.zone_of(&fqdn(record.split(' ').next().unwrap_or_default())))
    }
}

fn fqdn(name: &str) -> Name {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    name
}

fn record(text: &str, [a, b, c]: [u8; 3]) -> Record {
    let mut words = text.splitn(4, ' ');
    let (owner, ttl, kind, value) =
        (words.next().unwrap(), words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let data = match kind {
        "A" => {
            let address = match value.strip_prefix('@') {
                Some(last) => Ipv4Addr::new(a, b, c, last.parse().unwrap()),
                None => value.parse().unwrap(),
            };
            RData::A(A(address))
        }
        "AAAA" => RData::AAAA(AAAA(value.parse().unwrap())),
        "NS" => RData::NS(NS(fqdn(value))),
        "CNAME" => RData::CNAME(CNAME(fqdn(value))),
        "TXT" => RData::TXT(TXT::new(vec![value.to_owned()])),
        "CAA" => caa(value),
        "DS" | "DNSKEY" => {
            let code = RecordType::from_str(kind).unwrap();
            RData::Unknown { code, rdata: NULL::with(bytes(value)) }
        }
        other => panic!("the laboratory has no {other}"),
    };
    Record::from_rdata(fqdn(owner), ttl.parse().unwrap(), data)
}

/// `issue amazon.com`; nothing after the tag forbids all.
fn caa(value: &str) -> RData {
    let (tag, issuer) = value.split_once(' ').unwrap();
    let name = (issuer != ";").then(|| fqdn(issuer).to_lowercase());
    let name = name.map(|mut name| {
        name.set_fqdn(false);
        name
    });
    RData::CAA(if tag == "issuewild" {
        CAA::new_issuewild(false, name, vec![])
    } else {
        CAA::new_issue(false, name, vec![])
    })
}

/// Numbers of one byte with blanks between them.
fn bytes(text: &str) -> Vec<u8> {
    text.split(' ').map(|byte| byte.parse().unwrap()).collect()
}
