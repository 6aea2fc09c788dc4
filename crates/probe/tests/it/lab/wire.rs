//! Name servers on their sockets: UDP and TCP, all on one port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::{Message, Query};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use super::Lab;
use super::names::{Behaviour, NameServer};

/// Name servers that run until this is dropped.
pub(crate) struct RunningNames {
    pub(crate) port: u16,
    asked: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl RunningNames {
    /// Questions that came.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

pub(crate) async fn start(lab: &Lab) -> RunningNames {
    for _ in 0..100 {
        if let Some(running) = try_start(lab).await {
            return running;
        }
    }
    panic!("no port is free at all addresses of the laboratory");
}

async fn try_start(lab: &Lab) -> Option<RunningNames> {
    let mut port = 0;
    let mut tasks = JoinSet::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let [a, b, c, _] = lab.ip(0).octets();
    for (at, server) in &lab.servers {
        let udp = UdpSocket::bind((lab.ip(*at), port)).await.ok()?;
        port = udp.local_addr().unwrap().port();
        let tcp = TcpListener::bind((lab.ip(*at), port)).await.ok()?;
        tasks.spawn(over_udp(udp, server.clone(), [a, b, c], Arc::clone(&asked)));
        tasks.spawn(over_tcp(tcp, server.clone(), [a, b, c], Arc::clone(&asked)));
    }
    Some(RunningNames { port, asked, _tasks: tasks })
}

async fn over_udp(socket: UdpSocket, server: NameServer, prefix: [u8; 3], asked: Arc<AtomicUsize>) {
    let mut buffer = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        asked.fetch_add(1, Ordering::Relaxed);
        let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
        let Some(answer) = server.answer(&question, prefix, false) else { continue };
        if matches!(server.behaviour, Behaviour::ForgedFirst | Behaviour::ForgedOnly) {
            forge(&socket, &answer, from).await;
        }
        if server.behaviour != Behaviour::ForgedOnly {
            let bytes = answer.to_vec().unwrap();
            let bytes = if bytes.len() > 1232 { answer.truncate().to_vec().unwrap() } else { bytes };
            socket.send_to(&bytes, from).await.unwrap();
        }
    }
}

/// What someone sends who does not know the id, or the question.
async fn forge(socket: &UdpSocket, answer: &Message, to: SocketAddr) {
    let mut id = answer.clone();
    id.metadata.id = id.metadata.id.wrapping_add(1);
    let mut question = answer.clone();
    let asked = question.queries[0].clone();
    question.queries = vec![Query::query(asked.name().base_name(), asked.query_type())];
    let mut query = answer.clone();
    query.metadata.message_type = hickory_proto::op::MessageType::Query;
    for forged in [id, question, query] {
        socket.send_to(&forged.to_vec().unwrap(), to).await.unwrap();
    }
    socket.send_to(&[0xff; 700], to).await.unwrap();
}

async fn over_tcp(listener: TcpListener, server: NameServer, prefix: [u8; 3], asked: Arc<AtomicUsize>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let Ok(length) = stream.read_u16().await else { continue };
        let mut bytes = vec![0; usize::from(length)];
        if stream.read_exact(&mut bytes).await.is_err() {
            continue;
        }
        asked.fetch_add(1, Ordering::Relaxed);
        let Ok(question) = Message::from_vec(&bytes) else { continue };
        let Some(answer) = server.answer(&question, prefix, true) else { continue };
        let bytes = answer.to_vec().unwrap();
        let _ = stream.write_all(&u16::try_from(bytes.len()).unwrap().to_be_bytes()).await;
        let _ = stream.write_all(&bytes).await;
    }
}
