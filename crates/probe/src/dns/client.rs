//! Questions on the wire: UDP, and TCP where an answer does not fit. Each packet is counted.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chain::seen::outside::{DnsAnswer, DnsLookup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};

use super::question::{DnsQuestion, DnsReply, DnsReplyError};

/// The most questions of one run.
pub const MAX_QUESTIONS: u32 = 40;
/// How long one answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest packet that is read, bytes.
const MAX_DATAGRAM: usize = 4096;

/// Asks DNS servers, on one port, until the questions or the time are used up.
#[derive(Debug)]
pub(crate) struct DnsClient {
    port: u16,
    sent: AtomicU32,
    left_out: AtomicU32,
    deadline: Instant,
    silent: Mutex<BTreeSet<IpAddr>>,
}

/// A server to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DnsServer {
    /// Its name, where it has one.
    pub(crate) name: Option<String>,
    /// Its address.
    pub(crate) address: IpAddr,
}

impl DnsServer {
    pub(crate) fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.address),
            None => self.address.to_string(),
        }
    }
}

/// A question that was asked: what is written down of it, and the reply if one came.
#[derive(Debug)]
pub(crate) struct DnsExchange {
    pub(crate) lookup: DnsLookup,
    pub(crate) reply: Option<DnsReply>,
}

/// Why nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAsked {
    /// This machine has no route to the server.
    NoRoute,
    /// No question or no time is left.
    NoneLeft,
}

impl DnsClient {
    /// A client that waits for nothing after `deadline`.
    pub(crate) fn new(port: u16, deadline: Instant) -> Self {
        Self { port, sent: AtomicU32::new(0), left_out: AtomicU32::new(0), deadline, silent: Mutex::default() }
    }

    /// How many questions were sent.
    pub(crate) fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many questions were not asked because the most that are allowed were.
    pub(crate) fn left_out(&self) -> u32 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// Whether a server has let a question pass without an answer, and answered none after it.
    pub(crate) fn is_silent(&self, server: &DnsServer) -> bool {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).contains(&server.address)
    }

    fn take(&self) -> bool {
        let next = |sent: u32| (sent < MAX_QUESTIONS).then(|| sent.saturating_add(1));
        let taken = self.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok();
        if !taken {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Asks one server.
    ///
    /// # Errors
    /// If nothing was sent.
    pub(crate) async fn ask(&self, server: &DnsServer, question: &DnsQuestion) -> Result<DnsExchange, NotAsked> {
        let start = Instant::now();
        let patience = PATIENCE.min(self.deadline.saturating_duration_since(start));
        if patience.is_zero() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return Err(NotAsked::NoneLeft);
        }
        let address = SocketAddr::new(server.address, self.port);
        let strangers = AtomicU32::new(0);
        let reply = match timeout(patience, self.exchange(address, question, &strangers)).await {
            Ok(reply) => reply?,
            Err(_) => Err(late(patience, strangers.into_inner())),
        };
        {
            let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
            match &reply {
                Ok(_) => silent.remove(&server.address),
                Err(_) => silent.insert(server.address),
            };
        }
        let (answer, reply) = match reply {
            Ok(reply) => (reply.answer.clone(), Some(reply)),
            Err(why) => (DnsAnswer::None { why }, None),
        };
        let lookup = DnsLookup {
            server: server.label(),
            name: question.name(),
            kind: question.kind(),
            unchecked: question.is_unchecked(),
            authoritative: reply.as_ref().is_some_and(|reply| reply.authoritative),
            answer,
            took: start.elapsed(),
        };
        Ok(DnsExchange { lookup, reply })
    }

    async fn exchange(
        &self,
        server: SocketAddr,
        question: &DnsQuestion,
        strangers: &AtomicU32,
    ) -> Result<Result<DnsReply, String>, NotAsked> {
        let socket = match connected(server).await {
            Ok(socket) => socket,
            Err(_) if server.is_ipv6() => return Err(NotAsked::NoRoute),
            Err(error) => return Ok(Err(format!("it cannot be reached from here: {error}"))),
        };
        if !self.take() {
            return Err(NotAsked::NoneLeft);
        }
        let over_udp = by_udp(&socket, question, strangers).await;
        if !matches!(over_udp, Ok(Err(DnsReplyError::Truncated))) {
            return Ok(over_udp.and_then(|reply| reply.map_err(|error| error.to_string())));
        }
        if !self.take() {
            let why = "the answer is cut short, and no question is left to ask again over TCP";
            return Ok(Err(why.to_owned()));
        }
        let over_tcp = by_tcp(server, question).await;
        Ok(over_tcp.map_err(|why| format!("the answer is cut short, and over TCP {why}")))
    }
}

fn late(patience: Duration, strangers: u32) -> String {
    let seconds = patience.as_secs_f64();
    match strangers {
        0 => format!("no answer within {seconds:.1} s"),
        some => format!("no answer within {seconds:.1} s that belongs to the question; {some} came that do not"),
    }
}

/// The kernel hands a connected socket only what comes from that address and port.
async fn connected(server: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    Ok(socket)
}

async fn by_udp(
    socket: &UdpSocket,
    question: &DnsQuestion,
    strangers: &AtomicU32,
) -> Result<Result<DnsReply, DnsReplyError>, String> {
    let text = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "nothing listens on the port of DNS".to_owned(),
        _ => format!("it fails: {error}"),
    };
    let (id, message) = question.message().ok_or("the question cannot be written")?;
    socket.send(&message).await.map_err(text)?;
    // On the heap: a hundred endpoints are probed at the same time.
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(text)?;
        match question.read(id, buffer.get(..length).unwrap_or_default()) {
            // Perhaps forged: the true answer may still come.
            Err(DnsReplyError::NotMine | DnsReplyError::Unreadable) => {
                strangers.fetch_add(1, Ordering::Relaxed);
            }
            answer => return Ok(answer),
        }
    }
}

async fn by_tcp(server: SocketAddr, question: &DnsQuestion) -> Result<DnsReply, String> {
    let text = |error: std::io::Error| format!("it fails: {error}");
    let (id, message) = question.message().ok_or("the question cannot be written")?;
    let length = u16::try_from(message.len()).map_err(|_| "the question is too long")?;
    let mut stream = TcpStream::connect(server).await.map_err(text)?;
    stream.write_all(&[&length.to_be_bytes(), message.as_slice()].concat()).await.map_err(text)?;
    let length = stream.read_u16().await.map_err(text)?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.map_err(text)?;
    question.read(id, &answer).map_err(|error| error.to_string())
}
