//! What a stranger sees: DNS, connections, TLS, answers.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// The answer of one DNS server to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsAnswer {
    /// Records of the type that was asked for, or of a CNAME that leads there, in the order of the answer.
    Records(Vec<DnsRecordSeen>),
    /// The name exists, not with this type. Seconds for which resolvers remember that.
    NoData {
        /// Negative TTL, seconds, by the SOA of the answer.
        negative_ttl: Option<u32>,
    },
    /// The name does not exist.
    NoName {
        /// Negative TTL, seconds, by the SOA of the answer.
        negative_ttl: Option<u32>,
    },
    /// The server refused or failed: its response code, `SERVFAIL`, `REFUSED`.
    Failed {
        /// Response code by its name.
        code: String,
    },
    /// No answer within the time, or none that can be read: why.
    None {
        /// Why, in a few words.
        why: String,
    },
}

/// A record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsRecordSeen {
    /// Whose record it is, lower case, without a dot at its end.
    pub owner: String,
    /// Its type: `A`, `CNAME`, `NS`, `DS`, `CAA`, ...
    pub kind: String,
    /// Its value in the text form of zone files; names lower case, without a dot at their end.
    pub value: String,
    /// Seconds for which it may be remembered.
    pub ttl: u32,
}

/// A question and who answered how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsLookup {
    /// The server that was asked: its address, and its name where it has one.
    pub server: String,
    /// What was asked for.
    pub name: String,
    /// The type that was asked for.
    pub kind: String,
    /// With CD=1: without checking DNSSEC.
    pub unchecked: bool,
    /// Whether the server said that it is authoritative.
    pub authoritative: bool,
    /// The answer.
    pub answer: DnsAnswer,
    /// How long it took.
    pub took: Duration,
}

/// What DNS says of the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsSeen {
    /// The zone that the host is in, as the walk from the roots found it.
    pub zone: Option<String>,
    /// Names of the servers that the parent delegates the zone to, sorted.
    pub parent_servers: Vec<String>,
    /// Those of them whose names do not exist.
    pub nameless: Vec<String>,
    /// The servers of the parent zone: NS and DS of the zone.
    pub parent: Vec<DnsLookup>,
    /// Each server of the zone: SOA and NS of the zone, the host's A and AAAA with the CNAME that leads there; of one of
    /// them DNSKEY, where the parent has a DS.
    pub zone_servers: Vec<DnsLookup>,
    /// Resolvers: the host's A and AAAA, once with CD=1 after a SERVFAIL.
    pub resolvers: Vec<DnsLookup>,
    /// CAA up the tree.
    pub caa: Vec<DnsLookup>,
    /// Questions that a hop of the inside half wants asked, such as the validation record, at the zone's servers.
    pub further: Vec<DnsLookup>,
    /// Where a CNAME leads: its target's A and AAAA, asked of a resolver or of the servers of the target's zone.
    pub followed: Vec<DnsLookup>,
    /// Servers that were not asked, and why: no IPv6 route, a name without an address.
    pub skipped: Vec<String>,
    /// Addresses of the host, each once, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// Why there was no walk from the roots, and what was asked instead, in one sentence: a name of private networks.
    pub private: Option<String>,
    /// Why the walk ended early, in one sentence.
    pub problem: Option<String>,
    /// Number of questions sent.
    pub questions: u32,
    /// From the first question to the last answer.
    pub took: Option<Duration>,
}

/// A certificate as it was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSeen {
    /// DNS names and addresses that it is for, at most some; see `name_count`.
    pub names: Vec<String>,
    /// How many names it has.
    pub name_count: usize,
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// From when it is valid, UTC.
    pub not_before: DateTime<Utc>,
    /// Until when it is valid, UTC.
    pub not_after: DateTime<Utc>,
    /// Whether the host is among its names, by the rules of TLS (a wildcard covers one label).
    pub covers_host: bool,
}

/// Why a chain of certificates is not trusted. What is wrong with which certificate is told by their dates and names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateDistrust {
    /// The host is not among the names of the leaf.
    WrongName,
    /// One of the certificates has ended, or is not valid yet.
    NotValidNow,
    /// No root that is trusted here has signed it, by the certificates that were presented.
    UnknownIssuer,
    /// Another reason, as rustls says it, printable.
    Other(String),
}

/// A TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSeen {
    /// It succeeded and the certificate is trusted, or it failed only for the certificate.
    Presented {
        /// The certificates in the order of the server, the leaf first.
        chain: Vec<CertificateSeen>,
        /// Why the chain is not trusted; `None` if it is.
        distrusted: Option<CertificateDistrust>,
    },
    /// No certificate came: the alert or the error.
    Failed {
        /// Why, as rustls says it, printable.
        why: String,
    },
}

/// Why an address was not connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectProblem {
    /// This machine has no route to it, as with IPv6 in many networks. It says nothing of the host.
    NoRoute,
    /// It refused: nothing listens on the port.
    Refused,
    /// It did not answer within the time.
    TimedOut,
    /// Another reason, printable.
    Other(String),
}

/// One address, connected on one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSeen {
    /// The address.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// `None` if connected, else why not.
    pub refused: Option<ConnectProblem>,
    /// How long the connection took.
    pub took: Duration,
    /// The handshake, on the port of https.
    pub tls: Option<TlsSeen>,
    /// How long the handshake took.
    pub tls_took: Option<Duration>,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseSeen {
    /// The URL that was asked for.
    pub url: String,
    /// The `Origin` that was sent, if any.
    pub origin: Option<String>,
    /// The status; `None` if no answer came.
    pub status: Option<u16>,
    /// Headers that matter, by name in lower case, printable, cut.
    pub headers: Vec<(String, String)>,
    /// The start of the body, printable, cut, redacted.
    pub body_start: String,
    /// Why no answer came.
    pub problem: Option<String>,
    /// Until the first byte.
    pub ttfb: Option<Duration>,
    /// Why the certificate of a host that was redirected to is not trusted; `None` if it is, and for the target itself,
    /// whose certificates are part of its connections.
    pub untrusted: Option<CertificateDistrust>,
}

impl ResponseSeen {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the registry says of the domain, where it was asked (RDAP).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationSeen {
    /// The registered domain.
    pub domain: String,
    /// Its status words, such as `client hold`.
    pub statuses: Vec<String>,
    /// When the registration ends, UTC.
    pub expires: Option<DateTime<Utc>>,
}

/// All that a stranger sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutsideSeen {
    /// The port that was asked, 443 as a rule.
    pub port: u16,
    /// The port of plain HTTP, 80 as a rule.
    pub http_port: u16,
    /// DNS.
    pub dns: DnsSeen,
    /// Each address and port that was connected.
    pub connections: Vec<ConnectionSeen>,
    /// The page as it was asked for, without `Origin`, and each redirect that was followed.
    pub https: Vec<ResponseSeen>,
    /// The same with `Origin`.
    pub https_with_origin: Option<ResponseSeen>,
    /// `http://` on port 80.
    pub http: Option<ResponseSeen>,
    /// The registry's answer, where it was asked.
    pub registration: Option<RegistrationSeen>,
}
