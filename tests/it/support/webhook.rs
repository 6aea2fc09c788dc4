//! A webhook receiver with scripted answers, on threads and plain sockets.

mod reply;
pub(super) mod request;

use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub(crate) use reply::Reply;
pub(crate) use request::Request;

use super::wait;

/// A sender that stalls in the middle of its request is given up on.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// A running receiver; dropping it ends every connection.
pub(crate) struct Webhook {
    address: SocketAddr,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
}

struct State {
    replies: Vec<Reply>,
    /// Answers to requests of paths that begin so; they take no turn and are not recorded.
    aside: Option<(&'static str, Reply)>,
    requests: Mutex<Vec<Request>>,
    held: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

impl Webhook {
    /// Answers the first request with the first reply and so on; the last repeats.
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        Self::serving(replies, None)
    }

    /// The same, with an answer of its own for requests of paths that begin so.
    pub(crate) fn start_beside(path: &'static str, reply: Reply, replies: Vec<Reply>) -> Self {
        Self::serving(replies, Some((path, reply)))
    }

    fn serving(replies: Vec<Reply>, aside: Option<(&'static str, Reply)>) -> Self {
        assert!(!replies.is_empty(), "a webhook needs at least one reply");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a loopback port");
        let address = listener.local_addr().expect("the bound address");
        let state = Arc::new(State {
            replies,
            aside,
            requests: Mutex::new(Vec::new()),
            held: Mutex::new(Vec::new()),
            ended: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        let accepting = Some(thread::spawn(move || shared.accept(&listener)));
        Self { address, state, accepting }
    }

    /// The address without a path; any path is answered.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        locked(&self.state.requests).clone()
    }

    /// How many requests have come.
    pub(crate) fn arrived(&self) -> usize {
        locked(&self.state.requests).len()
    }

    /// Those of them that were answered with success, as the script says: their senders may not have lived to hear it.
    pub(crate) fn accepted(&self) -> Vec<Request> {
        let accepted = |turn: usize| matches!(self.state.reply(turn), Reply::Answer { status: 200..300, .. });
        self.requests()
            .into_iter()
            .enumerate()
            .filter(|(turn, _)| accepted(*turn))
            .map(|(_, request)| request)
            .collect()
    }

    /// Waits until there were `n` requests or more; returns all of them.
    pub(crate) async fn wait_for(&self, n: usize, limit: Duration) -> Vec<Request> {
        let enough = || Some(self.requests()).filter(|requests| requests.len() >= n);
        let Some(requests) = wait::until(limit, enough).await else {
            let seen = self.requests();
            panic!("the webhook had {} of {n} requests after {limit:?}: {seen:#?}", seen.len());
        };
        requests
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes the thread that accepts
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        locked(&self.state.held).clear();
    }
}

impl State {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let state = Arc::clone(self);
            // An error is the sender's: a broken or abandoned connection.
            thread::spawn(move || state.serve(stream).ok());
        }
    }

    fn reply(&self, turn: usize) -> &Reply {
        &self.replies[turn.min(self.replies.len() - 1)]
    }

    /// One request a connection; the answer says so.
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(READ_LIMIT))?;
        let request = request::read(&mut BufReader::new(&stream))?;
        let aside = self.aside.as_ref().filter(|(path, _)| request.path.starts_with(path));
        let reply = match aside {
            Some((_, reply)) => reply,
            None => {
                let mut requests = locked(&self.requests);
                requests.push(request);
                self.reply(requests.len() - 1)
            }
        };
        match reply {
            Reply::Hang => {
                locked(&self.held).push(stream);
            }
            Reply::Close => {}
            Reply::Half => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"ok\":true")?,
            Reply::Answer { status, headers, body } => {
                let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let length = body.len();
                stream.write_all(format!("HTTP/1.1 {status} Scripted\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").as_bytes())?;
            }
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
