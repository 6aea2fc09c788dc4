//! A name server on loopback that holds `example.one` and is its own root and resolver.

use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

/// A running name server; its thread ends with the test process.
pub(crate) struct Names {
    pub(crate) port: u16,
}

/// What a record is, as its text says.
const TYPES: [(&str, u16); 2] = [("A", 1), ("CNAME", 5)];

impl Names {
    /// Serves records such as `dev.example.one A 127.0.0.1`.
    pub(crate) fn start(records: &[&str]) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = socket.local_addr().expect("its address").port();
        let records: Vec<String> = records.iter().map(|record| (*record).to_owned()).collect();
        thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(&answer(&buffer[..length], &records), from);
            }
        });
        Self { port }
    }
}

/// The answer to a question: the record, or that the name has none, with the SOA of the zone.
fn answer(question: &[u8], records: &[String]) -> Vec<u8> {
    let (mut at, mut labels) = (12, Vec::new());
    while question[at] != 0 {
        let end = at + 1 + usize::from(question[at]);
        labels.push(String::from_utf8_lossy(&question[at + 1..end]).to_lowercase());
        at = end;
    }
    let (name, kind) = (labels.join("."), u16::from_be_bytes([question[at + 1], question[at + 2]]));
    let of_name: Vec<Vec<&str>> =
        records.iter().map(|record| record.split(' ').collect::<Vec<_>>()).filter(|part| part[0] == name).collect();
    let found = of_name.iter().find(|part| TYPES.contains(&(part[1], kind)) || part[1] == "CNAME");
    let code = if of_name.is_empty() && name != "example.one" { 3 } else { 0 };
    let mut out = question[..2].to_vec();
    out.extend([
        0x84 | (question[2] & 1),
        code,
        0,
        1,
        0,
        u8::from(found.is_some()),
        0,
        u8::from(found.is_none()),
        0,
        0,
    ]);
    out.extend(&question[12..at + 5]);
    let (owner, kind, data) = match found.map(|part| (part[0], part[1], part[2])) {
        Some((owner, "A", address)) => {
            (owner, 1_u16, address.parse::<Ipv4Addr>().expect("an address").octets().to_vec())
        }
        Some((owner, _, target)) => (owner, 5, encoded(target)),
        None => {
            let numbers = [1_u32, 3600, 600, 86_400, 300];
            let data = [0, 0].into_iter().chain(numbers.into_iter().flat_map(u32::to_be_bytes)).collect();
            ("example.one", 6, data)
        }
    };
    out.extend(encoded(owner));
    out.extend(kind.to_be_bytes());
    out.extend([0, 1, 0, 0, 1, 44]);
    out.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
    out.extend(data);
    out
}

fn encoded(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(u8::try_from(label.len()).expect("a label"));
        out.extend(label.bytes());
    }
    out.push(0);
    out
}
