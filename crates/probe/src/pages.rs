//! Requests: the page that is asked about, with and without `Origin`, its redirects, and port 80.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use chain::seen::outside::{ResponseSeen, TlsSeen};
use rustls::pki_types::ServerName;
use tls::ServerTrust;
use tokio::time::Instant;
use url::{Host, Url};

use crate::connection::{self, ByteStream};
use crate::dns::DnsProbe;
use crate::request::{AnswerRead, AskedPage};

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 10;
/// How long all requests may take.
pub const MAX_TIME: Duration = Duration::from_secs(5);

/// Asks for pages of hosts whose addresses are known or are asked for.
pub(crate) struct PageProbe<'a> {
    pub(crate) dns: &'a DnsProbe,
    pub(crate) trust: &'a ServerTrust,
    /// The host that is asked about, as in its URL.
    pub(crate) host: &'a str,
    /// Its addresses, those first that were connected.
    pub(crate) addresses: &'a [IpAddr],
    pub(crate) deadline: Instant,
}

impl PageProbe<'_> {
    /// The page and all that it redirects to, in order. It ends at an address that was met before.
    pub(crate) async fn with_redirects(&self, url: &Url, open: Option<Box<dyn ByteStream>>) -> Vec<ResponseSeen> {
        let mut seen = Vec::new();
        let mut met = BTreeSet::new();
        let mut at = url.clone();
        let mut open = open;
        while seen.len() <= MAX_REDIRECTS {
            let answer = self.page(&at, None, open.take()).await;
            met.insert(at.clone());
            let next = next(&at, &answer);
            seen.push(answer.seen);
            match next {
                Some(next) => at = next,
                None => break,
            }
            if met.contains(&at) {
                break;
            }
        }
        seen
    }

    /// One page.
    pub(crate) async fn page(&self, url: &Url, origin: Option<&str>, open: Option<Box<dyn ByteStream>>) -> AnswerRead {
        let asked = AskedPage::new(url, origin, self.deadline);
        match open {
            Some(stream) => asked.get(stream).await,
            None => self.ask(&asked).await,
        }
    }

    /// Asks over a new connection, to the first address that takes one.
    pub(crate) async fn ask(&self, asked: &AskedPage<'_>) -> AnswerRead {
        let Some((host, port)) = asked.url.host().zip(asked.url.port_or_known_default()) else {
            return asked.unanswered("the address has no host");
        };
        let addresses = match &host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) if *name == self.host => self.addresses.to_vec(),
            Host::Domain(name) => self.dns.addresses(name).await,
        };
        let name = match &host {
            Host::Domain(name) => ServerName::try_from((*name).to_owned()).ok(),
            Host::Ipv4(address) => Some(IpAddr::V4(*address).into()),
            Host::Ipv6(address) => Some(IpAddr::V6(*address).into()),
        };
        let name = name.filter(|_| asked.url.scheme() == "https");
        let mut why = "its name has no address".to_owned();
        for address in addresses.iter().take(2) {
            let opened =
                tokio::time::timeout_at(self.deadline, connection::open(*address, port, name.as_ref(), self.trust));
            match opened.await {
                Ok((connection, Some(stream))) => {
                    let mut answer = asked.get(stream).await;
                    if let Some(TlsSeen::Presented { distrusted, .. }) = connection.tls
                        && !matches!(&host, Host::Domain(name) if *name == self.host)
                    {
                        answer.seen.untrusted = distrusted;
                    }
                    return answer;
                }
                Ok((_, None)) => why = format!("{address} port {port} cannot be connected"),
                Err(_) => why = format!("{address} port {port} does not answer in time"),
            }
        }
        asked.unanswered(why)
    }
}

/// Where an answer redirects to.
fn next(at: &Url, answer: &AnswerRead) -> Option<Url> {
    if !matches!(answer.seen.status, Some(301 | 302 | 303 | 307 | 308)) {
        return None;
    }
    let mut next = at.join(answer.location.as_deref()?).ok()?;
    next.set_fragment(None);
    matches!(next.scheme(), "https" | "http").then_some(next)
}
