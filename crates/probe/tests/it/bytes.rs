//! Answers, certificates and settings: what is read of them, and what is refused.

use std::net::IpAddr;

use chain::seen::outside::DnsAnswer;
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::{A, CNAME, NULL};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use model::settings::{ConfigDiagnostics, TableReader};
use probe::ProbeSettings;
use probe::dns::question::{DnsQuestion, DnsReplyError};
use proptest::prelude::*;

const HOST: &str = "dev.example.one.";

fn question() -> DnsQuestion {
    DnsQuestion::new(HOST, RecordType::A).unwrap()
}

fn answer(name: &str, records: &[(&str, RData)]) -> Message {
    let mut message = Message::new(7, MessageType::Response, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    for (owner, data) in records {
        message.add_answer(Record::from_rdata(Name::from_ascii(owner).unwrap(), 60, data.clone()));
    }
    message
}

fn address(last: u8) -> RData {
    RData::A(A([192, 0, 2, last].into()))
}

fn alias(target: &str) -> RData {
    RData::CNAME(CNAME(Name::from_ascii(target).unwrap()))
}

/// What is read of an answer: the values of its records.
#[track_caller]
fn check(message: &Message, expected: Result<&[&str], DnsReplyError>) {
    let read = question().read(7, &message.to_vec().unwrap()).map(|reply| match reply.answer {
        DnsAnswer::Records(records) => records.into_iter().map(|record| record.value).collect(),
        _ => vec![],
    });
    assert_eq!(read, expected.map(|values| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>()));
}

#[test]
fn an_answer_is_read_only_if_it_belongs_to_the_question() {
    check(&answer(HOST, &[(HOST, address(1))]), Ok(&["192.0.2.1"]));
    check(&answer("DEV.example.ONE.", &[("Dev.Example.one.", address(1))]), Ok(&["192.0.2.1"]));
    check(&answer("example.one.", &[(HOST, address(1))]), Err(DnsReplyError::NotMine));
    let mut other = answer(HOST, &[]);
    other.metadata.id = 8;
    check(&other, Err(DnsReplyError::NotMine));
    let mut query = answer(HOST, &[]);
    query.metadata.message_type = MessageType::Query;
    check(&query, Err(DnsReplyError::NotMine));
    let mut cut = answer(HOST, &[(HOST, address(1))]);
    cut.metadata.truncation = true;
    check(&cut, Err(DnsReplyError::Truncated));
    assert_eq!(question().read(7, &[1, 2, 3]), Err(DnsReplyError::Unreadable));
}

#[test]
fn records_that_no_cname_leads_to_are_not_believed() {
    let poisoned = [("bank.example.", address(6)), (HOST, alias("a.example.net.")), ("a.example.net.", address(1))];
    check(&answer(HOST, &poisoned), Ok(&["a.example.net", "192.0.2.1"]));
    check(&answer(HOST, &[(HOST, alias("b.one.")), ("b.one.", alias(HOST))]), Ok(&["b.one", "dev.example.one"]));
    check(&answer(HOST, &[("other.one.", address(6))]), Ok(&[]));
}

#[test]
fn the_tag_of_a_key_is_that_of_rfc_4034() {
    let of = |kind: RecordType, bytes: &[u8]| {
        let question = DnsQuestion::new("one", kind).unwrap();
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.add_query(Query::query(Name::from_ascii("one.").unwrap(), kind));
        let data = RData::Unknown { code: kind, rdata: NULL::with(bytes.to_vec()) };
        message.add_answer(Record::from_rdata(Name::from_ascii("one.").unwrap(), 60, data));
        match question.read(7, &message.to_vec().unwrap()).unwrap().answer {
            DnsAnswer::Records(records) => records[0].value.clone(),
            other => panic!("{other:?}"),
        }
    };
    // 0x0101 + 0x030d + 0xffff + 0x0700 is 0x10b0d; the carry is added: 0x0b0e.
    assert_eq!(of(RecordType::DNSKEY, &[1, 1, 3, 13, 0xff, 0xff, 7]), format!("{} 13 257", 0x0b0e));
    assert_eq!(of(RecordType::DS, &[9, 67, 13, 2, 0xab, 1]), "2371 13 2 ab01");
}

fn settings(text: &str) -> Result<ProbeSettings, Vec<String>> {
    let table = toml::de::DeTable::parse(text).unwrap();
    let secrets = |_: model::settings::SecretRef<'_>| Err("none".to_owned());
    let notes = ConfigDiagnostics::new(&secrets);
    let mut reader = TableReader::new(table.get_ref(), 0..0, "dns", &notes);
    let read = ProbeSettings::read(&mut reader);
    reader.finish();
    let problems: Vec<String> = notes.into_problems().into_iter().map(|problem| problem.what).collect();
    read.filter(|_| problems.is_empty()).ok_or(problems)
}

#[test]
fn the_table_dns_is_read_and_each_mistake_is_noted() {
    assert_eq!(settings(""), Ok(ProbeSettings::default()));
    let read = settings(
        "resolvers = [\"127.0.0.53\", \"::1\"]\nroots = [\"10.0.0.1\"]\nport = 5300\nrdap = \"https://rdap.org\"",
    )
    .unwrap();
    assert_eq!(read.resolvers, ["127.0.0.53".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
    assert_eq!((read.port, read.rdap.unwrap().as_str()), (5300, "https://rdap.org/"));
    for (text, what) in [
        ("resolvers = []", "must not be empty"),
        ("resolvers = [\"one.one.one.one\"]", "cannot be used"),
        ("port = 0", "out of range"),
        ("port = 70000", "out of range"),
        ("rdap = \"rdap.org\"", "is no address"),
        ("resolver = [\"1.1.1.1\"]", "resolver"),
    ] {
        let problems = settings(text).unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(what)), "{text}: {problems:?}");
    }
    let many = format!("roots = [{}]", "\"10.0.0.1\",".repeat(17));
    assert!(settings(&many).unwrap_err()[0].contains("names 17 servers"));
}

proptest! {
    #[test]
    fn bytes_that_are_changed_anywhere_are_refused_or_read_within_the_limits(
        at in 0usize..200, byte: u8, cut in 0usize..200, kind in 0u8..6,
    ) {
        let mut bytes = answer(HOST, &[(HOST, alias("a.example.net.")), ("a.example.net.", address(1))]).to_vec().unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length.saturating_sub(cut % 40));
        bytes.insert(0, kind);
        crate::checks::probe_dns(&bytes);
    }

    #[test]
    fn bytes_of_any_content_are_refused_or_read_within_the_limits(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for (_, check) in crate::checks::ALL {
            check(&bytes);
        }
    }
}
