//! What listens at an address: TLS with a page, an alert, silence, or bytes without end.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificates::ServerCertificate;

/// An answer to a request, whose head it gets.
pub(crate) type Page = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// What listens at an address.
#[derive(Clone)]
pub(crate) enum Web {
    Tls(Box<ServerCertificate>, Page),
    Plain(Page),
    /// A TLS alert, by its number.
    Alert(u8),
    /// These bytes, after whatever comes first.
    Bytes(&'static [u8]),
    /// It takes connections and says nothing.
    Silent,
    /// TLS, then an answer whose body never ends.
    Endless(Box<ServerCertificate>),
    /// TLS, then nothing.
    Hanging(Box<ServerCertificate>),
    /// Nothing listens.
    Closed,
}

impl Web {
    pub(crate) fn tls(certificate: ServerCertificate, page: Page) -> Self {
        Self::Tls(Box::new(certificate), page)
    }
}

/// An answer, whatever is asked. `headers` end with a line end each.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Page {
    let bytes = written(status, headers, body);
    Arc::new(move |_| bytes.clone())
}

pub(crate) fn json(status: u16, headers: &str, body: &str) -> Page {
    answer(status, &format!("content-type: application/json\r\n{headers}"), body)
}

pub(crate) fn written(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// Servers that run until this is dropped.
pub(crate) struct WebServer {
    pub(crate) port: u16,
    _tasks: JoinSet<()>,
}

impl WebServer {
    /// All on one port.
    pub(crate) async fn start(all: Vec<(Ipv4Addr, Web)>) -> Self {
        for _ in 0..100 {
            if let Some(running) = Self::try_start(&all).await {
                return running;
            }
        }
        panic!("no port is free at all addresses of the laboratory");
    }

    async fn try_start(all: &[(Ipv4Addr, Web)]) -> Option<Self> {
        // A port that is free, for the case that nothing listens at all.
        let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = probe.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        for (at, web) in all.iter().filter(|(_, web)| !matches!(web, Web::Closed)) {
            let listener = TcpListener::bind((*at, port)).await.ok()?;
            tasks.spawn(listen(listener, web.clone()));
        }
        Some(Self { port, _tasks: tasks })
    }
}

async fn listen(listener: TcpListener, web: Web) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let web = web.clone();
        open.spawn(async move { drop(serve(stream, web).await) });
    }
}

async fn serve(stream: TcpStream, web: Web) -> std::io::Result<()> {
    match web {
        Web::Tls(certificate, page) => say(handshake(stream, &certificate).await?, page).await,
        Web::Plain(page) => say(stream, page).await,
        Web::Alert(number) => {
            let mut stream = stream;
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello).await?;
            stream.write_all(&[0x15, 3, 1, 0, 2, 2, number]).await
        }
        Web::Bytes(bytes) => {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]).await?;
            stream.write_all(bytes).await
        }
        Web::Silent => std::future::pending().await,
        Web::Endless(certificate) => {
            let mut stream = handshake(stream, &certificate).await?;
            head(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            loop {
                stream.write_all(b"400\r\n").await?;
                stream.write_all(&[b'x'; 0x400]).await?;
                stream.write_all(b"\r\n").await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Web::Hanging(certificate) => {
            let mut stream = handshake(stream, &certificate).await?;
            head(&mut stream).await?;
            std::future::pending().await
        }
        Web::Closed => Ok(()),
    }
}

async fn handshake(
    stream: TcpStream,
    certificate: &ServerCertificate,
) -> std::io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    // Not `with_single_cert`: it refuses certificates that are too large or wrong, which is what some faults are about.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = provider.key_provider.load_private_key(certificate.key()).unwrap();
    let key = Arc::new(CertifiedKey::new(certificate.chain.clone(), key));
    let config = builder.with_no_client_auth().with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    TlsAcceptor::from(Arc::new(config)).accept(stream).await
}

async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") && read.len() < 8192 {
        read.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, page: Page) -> std::io::Result<()> {
    let request = head(&mut stream).await?;
    stream.write_all(&page(&request)).await?;
    stream.shutdown().await
}
