//! One connection to one address, with TLS or without.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chain::seen::outside::{ConnectProblem, ConnectionSeen, TlsSeen};
use model::redact;
use rustls::pki_types::ServerName;
use tls::ServerTrust;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::certificate;
use crate::recording::RecordingVerifier;

/// How long a connection is waited for, and again its handshake.
const PATIENCE: Duration = Duration::from_secs(2);

/// A stream of bytes that a request can be written to.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// Connects, and shakes hands if `host` is given: whom the certificate should be for.
pub(crate) async fn open(
    address: IpAddr,
    port: u16,
    host: Option<&ServerName<'static>>,
    trust: &ServerTrust,
) -> (ConnectionSeen, Option<Box<dyn ByteStream>>) {
    let start = Instant::now();
    let connected = timeout(PATIENCE, TcpStream::connect(SocketAddr::new(address, port))).await;
    let took = start.elapsed();
    let seen = |refused| ConnectionSeen { address, port, refused, took, tls: None, tls_took: None };
    let stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return (seen(Some(problem(&error, address))), None),
        Err(_) => return (seen(Some(ConnectProblem::TimedOut)), None),
    };
    let Some(host) = host else { return (seen(None), Some(Box::new(stream))) };
    let start = Instant::now();
    let (tls, stream) = shake_hands(stream, host, trust).await;
    (ConnectionSeen { tls: Some(tls), tls_took: Some(start.elapsed()), ..seen(None) }, stream)
}

fn problem(error: &std::io::Error, address: IpAddr) -> ConnectProblem {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => ConnectProblem::Refused,
        Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::AddrNotAvailable if address.is_ipv6() => {
            ConnectProblem::NoRoute
        }
        Kind::TimedOut => ConnectProblem::TimedOut,
        _ => ConnectProblem::Other(redact::phrase(&error.to_string())),
    }
}

async fn shake_hands(
    stream: TcpStream,
    host: &ServerName<'static>,
    trust: &ServerTrust,
) -> (TlsSeen, Option<Box<dyn ByteStream>>) {
    let failed = |why: &str| TlsSeen::Failed { why: redact::excerpt(why) };
    let recorder = RecordingVerifier::new(Arc::clone(trust));
    let config = match recorder.config() {
        Ok(config) => config,
        Err(error) => return (failed(&error.to_string()), None),
    };
    let connecting = TlsConnector::from(Arc::new(config)).connect(host.clone(), stream);
    let result = timeout(PATIENCE, connecting).await;
    let presented = recorder.presented().map(|presented| {
        let chain = presented.certificates.iter().filter_map(|der| certificate::read(der, host)).collect();
        TlsSeen::Presented { chain, distrusted: presented.distrusted }
    });
    match (result, presented) {
        (Ok(Ok(stream)), Some(presented)) => (presented, Some(Box::new(stream))),
        (Ok(Ok(_)), None) => (failed("the server presented no certificate"), None),
        (Ok(Err(error)), _) => (failed(&error.to_string()), None),
        (Err(_), _) => (failed(&format!("no answer within {} s", PATIENCE.as_secs())), None),
    }
}
