//! What a person asks about: a host, and where on it.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// The longest target that is read, bytes. Browsers and gateways refuse longer addresses too.
const MAX_TARGET: usize = 8 * 1024;
/// The longest name of a host, bytes (RFC 1035).
const MAX_NAME: usize = 253;
/// The longest label of a name, bytes (RFC 1035).
const MAX_LABEL: usize = 63;

/// A host and where on it: what a person typed, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTarget {
    url: Url,
    host: TargetHost,
}

/// A host by its name or by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetHost {
    /// A name in ASCII (punycode), lower case, without a dot at its end.
    Name(String),
    /// An address; DNS has no part in it.
    Address(IpAddr),
}

/// Why a target cannot be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetError {
    /// Nothing was typed.
    Empty,
    /// It is longer than anything that a server takes.
    TooLong,
    /// Another scheme than `https` and `http`.
    Scheme(String),
    /// A user or a password is in it.
    Credentials,
    /// A name with a `*`.
    Wildcard(String),
    /// A name without a dot.
    NoDot(String),
    /// A label or the name is empty or too long.
    Label(&'static str),
    /// Port 0.
    NoPort,
    /// The ARN of something else than a function.
    Arn(String),
    /// It cannot be the name of a function, and why.
    Function(&'static str),
    /// It cannot be read as a host, and why.
    NotAName(String),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the target is empty; name a host such as api.example.com"),
            Self::TooLong => write!(f, "the target is longer than {MAX_TARGET} bytes; name the host alone"),
            Self::Scheme(scheme) => write!(f, "`{scheme}` is not https or http; name the host alone"),
            Self::Credentials => write!(f, "the target has a user or a password in it; leave them out"),
            Self::Wildcard(rest) => {
                write!(f, "`*.{rest}` stands for many hosts; name one of them, such as www.{rest}")
            }
            Self::NoDot(name) => write!(f, "`{name}` has no dot, so it is no domain; write https://{name}/ for a host"),
            Self::Label(what) => write!(f, "the name is no host name: {what}"),
            Self::NoPort => write!(f, "nothing listens on port 0; leave the port out, or name one from 1 to 65535"),
            Self::Arn(arn) => write!(
                f,
                "`{arn}` is the ARN of something else than a function; name a function \
                 (arn:aws:lambda:REGION:ACCOUNT:function:NAME), or a host such as api.example.com"
            ),
            Self::Function(what) => write!(f, "the target is no function: {what}"),
            Self::NotAName(why) => write!(f, "the target is no host name: {why}"),
        }
    }
}

impl std::error::Error for TargetError {}

impl ChainTarget {
    /// Reads a URL, or a name or address with or without a port and a path. Without a scheme it is `https`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if text.len() > MAX_TARGET {
            return Err(TargetError::TooLong);
        }
        // The parser of URLs would leave them out, and ask about another name.
        if text.contains(char::is_control) {
            return Err(TargetError::NotAName("it has a control character or a line break in it".to_owned()));
        }
        if text.starts_with("arn:") {
            return Err(TargetError::Arn(short(text)));
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        if let Some(scheme) = scheme.as_deref().filter(|scheme| !matches!(*scheme, "https" | "http")) {
            return Err(TargetError::Scheme(short(scheme)));
        }
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(TargetError::Credentials);
        }
        if authority.is_empty() {
            return Err(TargetError::Empty);
        }
        if let Some(name) = authority.strip_prefix("*.") {
            return Err(TargetError::Wildcard(short(name)));
        }
        // An IPv6 address is often typed without its brackets.
        let bare_v6 = authority.parse::<std::net::Ipv6Addr>().is_ok();
        let rest = if bare_v6 { rest.replacen(authority, &format!("[{authority}]"), 1) } else { rest.to_owned() };
        let url = format!("{}://{rest}", scheme.as_deref().unwrap_or("https"));
        let mut url = Url::parse(&url).map_err(|error| TargetError::NotAName(error.to_string()))?;
        url.set_fragment(None);
        if url.port() == Some(0) {
            return Err(TargetError::NoPort);
        }
        let host = match url.host() {
            // URLs know shorter ways to write an address, which people type by mistake.
            Some(Host::Ipv4(address)) if !is_written_out(authority) => {
                let typed = short(authority);
                let why = format!("`{typed}` is short for the address {address}; write that, or the whole name");
                return Err(TargetError::NotAName(why));
            }
            Some(Host::Ipv4(address)) => TargetHost::Address(address.into()),
            Some(Host::Ipv6(address)) => TargetHost::Address(address.into()),
            Some(Host::Domain(name)) => TargetHost::Name(checked(name, scheme.is_some())?),
            None => return Err(TargetError::Empty),
        };
        if let TargetHost::Name(name) = &host {
            // Without the dot at the end: no certificate has it.
            url.set_host(Some(name)).map_err(|error| TargetError::NotAName(error.to_string()))?;
        }
        Ok(Self { url, host })
    }

    /// The host.
    pub fn host(&self) -> &TargetHost {
        &self.host
    }

    /// The name of the host, if it has one.
    pub fn name(&self) -> Option<&str> {
        match &self.host {
            TargetHost::Name(name) => Some(name),
            TargetHost::Address(_) => None,
        }
    }

    /// The host as in a URL: an IPv6 address has brackets.
    pub fn host_text(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The port, 443 or 80 if none was typed.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Whether it is asked over TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The path, `/` at least, without the query.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// The whole address. The query may hold what is secret; [`ChainTarget::shown`] leaves it out.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address without its query.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.to_string()
    }
}

/// Whether an address has its four decimal numbers.
fn is_written_out(authority: &str) -> bool {
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    host.strip_suffix('.').unwrap_or(host).parse::<std::net::Ipv4Addr>().is_ok()
}

fn checked(name: &str, is_url: bool) -> Result<String, TargetError> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if name.is_empty() || name.split('.').any(str::is_empty) {
        return Err(TargetError::Label("it has two dots in a row, or one at its start"));
    }
    if name.len() > MAX_NAME {
        return Err(TargetError::Label("it is longer than 253 characters"));
    }
    if name.split('.').any(|label| label.len() > MAX_LABEL) {
        return Err(TargetError::Label("one of its labels is longer than 63 characters"));
    }
    if name.contains('*') {
        return Err(TargetError::Label("it has a `*` in it"));
    }
    // The one name without a dot that is a host everywhere.
    if !name.contains('.') && !is_url && name != "localhost" {
        return Err(TargetError::NoDot(short(&name)));
    }
    Ok(name)
}

/// What was typed, as a message can show it.
fn short(text: &str) -> String {
    model::redact::phrase(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, url: &str, port: u16, name: Option<&str>) {
        let target = ChainTarget::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((target.url().as_str(), target.port(), target.name()), (url, port, name), "{text}");
    }

    fn refused(text: &str, why: &str) {
        match ChainTarget::parse(text) {
            Ok(target) => panic!("{text} is read as {target:?}"),
            Err(error) => assert!(error.to_string().contains(why), "{text}: {error}"),
        }
    }

    #[test]
    fn a_name_an_address_and_a_url_are_read() {
        check("dev.example.one", "https://dev.example.one/", 443, Some("dev.example.one"));
        check(" DEV.Example.one. ", "https://dev.example.one/", 443, Some("dev.example.one"));
        check("dev.example.one:8443/a?b=c#d", "https://dev.example.one:8443/a?b=c", 8443, Some("dev.example.one"));
        check("http://dev.example.one", "http://dev.example.one/", 80, Some("dev.example.one"));
        check("HTTPS://dev.example.one/x", "https://dev.example.one/x", 443, Some("dev.example.one"));
        check("bücher.example", "https://xn--bcher-kva.example/", 443, Some("xn--bcher-kva.example"));
        check("한국.example", "https://xn--3e0b707e.example/", 443, Some("xn--3e0b707e.example"));
        check("localhost:9000", "https://localhost:9000/", 9000, Some("localhost"));
        check("https://localhost:9000/", "https://localhost:9000/", 9000, Some("localhost"));
        check("_acme.example.one", "https://_acme.example.one/", 443, Some("_acme.example.one"));
        check("192.0.2.7", "https://192.0.2.7/", 443, None);
        check("192.0.2.7:8443", "https://192.0.2.7:8443/", 8443, None);
        check("[2001:db8::1]:8443", "https://[2001:db8::1]:8443/", 8443, None);
        check("2001:db8::1", "https://[2001:db8::1]/", 443, None);
    }

    #[test]
    fn what_is_no_host_is_refused_with_the_reason() {
        refused("", "is empty");
        refused("   ", "is empty");
        refused("https:///x", "is empty");
        refused("ftp://example.one", "`ftp` is not https or http");
        refused("https://user:hunter2@example.one/", "leave them out");
        refused("*.example.one", "name one of them, such as www.example.one");
        refused("a.*.example.one", "no host name");
        refused("backend-dev", "has no dot");
        refused("a..example.one", "two dots in a row");
        refused(".example.one", "one at its start");
        refused("exa mple.one", "no host name");
        refused("example.one:99999", "invalid port number");
        refused("[::1", "no host name");
        refused(&format!("{}.one", "a".repeat(64)), "longer than 63");
        refused(&format!("{}one", "abcdefg.".repeat(40)), "longer than 253");
        refused(&"a.".repeat(5000), "longer than 8192 bytes");
        refused("exam\u{0}ple.one", "control character");
        refused("exam\nple.one", "line break");
        refused("https://example.one/a\tb", "control character");
        refused("example.one:0", "port 0");
        refused("https://192.0.2.7:0/", "port 0");
        refused("1.2.3", "`1.2.3` is short for the address 1.2.0.3");
        refused("0x7f.1", "short for the address 127.0.0.1");
        refused("http://2130706433:8080/", "short for the address 127.0.0.1");
        refused("arn:aws:s3:::bucket", "something else than a function");
    }

    proptest! {
        #[test]
        fn what_is_read_is_read_again_as_the_same(text in "\\PC{0,40}") {
            if let Ok(target) = ChainTarget::parse(&text) {
                prop_assert_eq!(ChainTarget::parse(target.url().as_str()), Ok(target));
            }
        }

        #[test]
        fn a_name_that_is_read_fits_dns(text in "[a-zA-Z0-9._:/@*\\[\\]한-]{0,300}") {
            if let Some(name) = ChainTarget::parse(&text).ok().as_ref().and_then(ChainTarget::name) {
                prop_assert!(name.len() <= MAX_NAME);
                prop_assert!(name.split('.').all(|label| !label.is_empty() && label.len() <= MAX_LABEL));
            }
        }
    }
}
