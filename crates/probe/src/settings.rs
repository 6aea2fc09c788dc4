//! `[dns]`: whom DNS is asked of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::settings::TableReader;
use url::Url;

/// The most servers that a list may name.
const MAX_SERVERS: usize = 16;

/// Resolvers that anyone may ask: Cloudflare, Google, Quad9. Each checks DNSSEC.
const RESOLVERS: [Ipv4Addr; 3] = [Ipv4Addr::new(1, 1, 1, 1), Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::new(9, 9, 9, 9)];

/// The root servers `a` to `m`, as <https://www.iana.org/domains/root/servers> lists them.
const ROOTS: [Ipv4Addr; 13] = [
    Ipv4Addr::new(198, 41, 0, 4),
    Ipv4Addr::new(170, 247, 170, 2),
    Ipv4Addr::new(192, 33, 4, 12),
    Ipv4Addr::new(199, 7, 91, 13),
    Ipv4Addr::new(192, 203, 230, 10),
    Ipv4Addr::new(192, 5, 5, 241),
    Ipv4Addr::new(192, 112, 36, 4),
    Ipv4Addr::new(198, 97, 190, 53),
    Ipv4Addr::new(192, 36, 148, 17),
    Ipv4Addr::new(192, 58, 128, 30),
    Ipv4Addr::new(193, 0, 14, 129),
    Ipv4Addr::new(199, 7, 83, 42),
    Ipv4Addr::new(202, 12, 27, 33),
];

/// The root servers `a`, `f` and `k` again, for a machine that has IPv6 alone.
const ROOTS_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30),
    Ipv6Addr::new(0x2001, 0x500, 0x2f, 0, 0, 0, 0, 0xf),
    Ipv6Addr::new(0x2001, 0x7fd, 0, 0, 0, 0, 0, 1),
];

/// Whom DNS is asked of: the table `[dns]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    /// Resolvers, whose answers are compared with those of the zone's own servers.
    pub resolvers: Vec<IpAddr>,
    /// The servers that the walk begins at. A split network names its own.
    pub roots: Vec<IpAddr>,
    /// The port of every DNS server.
    pub port: u16,
    /// Where the registration of a domain is asked for (RDAP), such as `https://rdap.org`; it is not asked without it.
    pub rdap: Option<Url>,
}

/// Which servers are other ones than those of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnServers {
    pub(crate) roots: bool,
    pub(crate) resolvers: bool,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            resolvers: RESOLVERS.into_iter().map(IpAddr::V4).collect(),
            roots: ROOTS.into_iter().map(IpAddr::V4).chain(ROOTS_V6.into_iter().map(IpAddr::V6)).collect(),
            port: 53,
            rdap: None,
        }
    }
}

impl ProbeSettings {
    /// Which servers a split network has named itself.
    pub(crate) fn own_servers(&self) -> OwnServers {
        let world = Self::default();
        OwnServers { roots: self.roots != world.roots, resolvers: self.resolvers != world.resolvers }
    }

    /// Reads the table `[dns]`. `None` if it is not usable; the notes say why.
    pub fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let default = Self::default();
        let resolvers = servers(settings, "resolvers", default.resolvers);
        let roots = servers(settings, "roots", default.roots);
        let port = settings.number("port", u32::from(default.port), 1..u32::from(u16::MAX));
        let port = port.and_then(|port| u16::try_from(port).ok());
        let rdap = rdap(settings);
        Some(Self { resolvers: resolvers?, roots: roots?, port: port?, rdap: rdap? })
    }
}

fn servers(settings: &mut TableReader<'_, '_>, key: &'static str, default: Vec<IpAddr>) -> Option<Vec<IpAddr>> {
    if !settings.has(key) {
        return Some(default);
    }
    let read: Vec<IpAddr> = settings.some(key)?;
    if read.len() > MAX_SERVERS {
        let what = format!("`{}.{key}` names {} servers", settings.path(), read.len());
        settings.problem(key, what, format!("at most {MAX_SERVERS}"), None);
        return None;
    }
    Some(read)
}

fn rdap(settings: &mut TableReader<'_, '_>) -> Option<Option<Url>> {
    if !settings.has("rdap") {
        return Some(None);
    }
    let text: String = settings.optional("rdap")?;
    match Url::parse(&text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            let what = format!("`{}.rdap` has a user or a password in it", settings.path());
            settings.hidden_problem(
                "rdap",
                what,
                "registries ask for none",
                Some("rdap = \"https://rdap.org\"".to_owned()),
            );
            None
        }
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => Some(Some(url)),
        _ => {
            let help = Some("rdap = \"https://rdap.org\"".to_owned());
            settings.problem("rdap", format!("`{}.rdap` is no address", settings.path()), "write https://...", help);
            None
        }
    }
}
