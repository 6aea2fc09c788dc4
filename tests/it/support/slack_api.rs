//! A stand-in for Slack's Web API that behaves like it, on threads and plain sockets, and keeps what it has accepted:
//! how often a message with a key was taken can be counted afterwards, whatever became of the answers.

mod methods;
mod rules;

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use super::webhook::request::{self, Request};

/// The only token it knows.
pub(crate) const TOKEN: &str = "xoxb-0000-standin-hunter2hunter2";
/// The only channel it knows.
pub(crate) const CHANNEL: &str = "C0123456789";

/// A client that stalls in the middle of a request, or keeps a connection open for nothing, is given up on.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// What goes wrong with one call.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It is refused with this error word, and nothing is done.
    Word(&'static str),
    /// HTTP 429 with so many seconds of `Retry-After`, and nothing is done.
    TooMany(u32),
    /// This status, and nothing is done.
    Status(u16),
    /// The connection ends, and nothing is done.
    CloseBefore,
    /// It is done, and the connection ends without an answer.
    CloseAfter,
    /// It is done, and the connection ends in the middle of the answer.
    HalfAfter,
    /// It is done, and no answer ever comes.
    HangAfter,
}

/// One call, as the script of faults sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// How many calls there were before it, of any method.
    pub(crate) number: usize,
    /// Such as `chat.postMessage`; `upload` for the content of a file.
    pub(crate) method: String,
    /// The arguments, of whichever form.
    pub(crate) arguments: Value,
}

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posted {
    pub(crate) ts: String,
    /// The message that it hangs below.
    pub(crate) thread_ts: Option<String>,
    /// Shown in the channel although it hangs below another one.
    pub(crate) broadcast: bool,
    /// The key in its metadata.
    pub(crate) key: Option<String>,
    /// What it said at first.
    pub(crate) first_text: String,
    /// What it says now.
    pub(crate) text: String,
    /// The blocks it shows now.
    pub(crate) blocks: Value,
    /// How often it was changed.
    pub(crate) edits: usize,
    /// It says of itself that it may be a repeat.
    pub(crate) possible_repeat: bool,
    metadata: Value,
}

/// A file that was uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uploaded {
    pub(crate) name: String,
    /// As announced, in bytes.
    pub(crate) length: usize,
    /// As it came, in bytes.
    pub(crate) came: usize,
    /// Where it is shown: the channel, and the message that it hangs below.
    pub(crate) shown: Option<(String, Option<String>)>,
}

/// How it behaves.
pub(crate) struct Options {
    /// What the token may do.
    pub(crate) scopes: Vec<&'static str>,
    /// A message that comes sooner after the one before is told 429.
    pub(crate) pause: Duration,
    /// How many messages a page of history has at most, whatever is asked for.
    pub(crate) page: usize,
    /// What goes wrong with which call.
    pub(crate) faults: Box<dyn Fn(&Call) -> Fault + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        let scopes = vec!["chat:write", "channels:history", "files:write"];
        Self { scopes, pause: Duration::ZERO, page: 999, faults: Box::new(|_| Fault::None) }
    }
}

/// A running API; dropping it ends every connection.
pub(crate) struct SlackApi {
    address: SocketAddr,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
}

struct State {
    options: Options,
    address: SocketAddr,
    kept: Mutex<Kept>,
    calls: Mutex<Vec<Call>>,
    /// Connections that hang.
    held: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

/// What it has accepted.
#[derive(Default)]
struct Kept {
    messages: Vec<Posted>,
    files: BTreeMap<String, Uploaded>,
    last: Option<std::time::Instant>,
    last_ts: u64,
}

impl SlackApi {
    /// One without faults.
    pub(crate) fn start() -> Self {
        Self::with(Options::default())
    }

    /// One whose calls go wrong as the list says, in order; when it is used up, all is well.
    pub(crate) fn with_faults(faults: Vec<Fault>) -> Self {
        Self::with(Options {
            faults: Box::new(move |call| faults.get(call.number).cloned().unwrap_or(Fault::None)),
            ..Options::default()
        })
    }

    /// One that behaves as the options say.
    pub(crate) fn with(options: Options) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a loopback port");
        let address = listener.local_addr().expect("the bound address");
        let (kept, calls, held) = (Mutex::default(), Mutex::default(), Mutex::default());
        let state = Arc::new(State { options, address, kept, calls, held, ended: AtomicBool::new(false) });
        let shared = Arc::clone(&state);
        let accepting = Some(thread::spawn(move || shared.accept(&listener)));
        Self { address, state, accepting }
    }

    /// What `api` is set to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// Settings of a receiver that posts here, as TOML; the token is in the variable `SLACK_BOT_TOKEN`.
    pub(crate) fn settings(&self) -> String {
        format!(
            "via.slack_app = {{ token = {{ env = \"SLACK_BOT_TOKEN\" }}, channel = \"{CHANNEL}\", api = \"{}\" }}",
            self.url()
        )
    }

    /// Every message that was accepted, in order, as it is now.
    pub(crate) fn messages(&self) -> Vec<Posted> {
        locked(&self.state.kept).messages.clone()
    }

    /// How often a message with each key was accepted.
    pub(crate) fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for message in self.messages() {
            *copies.entry(message.key.unwrap_or_default()).or_default() += 1;
        }
        copies
    }

    /// The files that were uploaded.
    pub(crate) fn files(&self) -> Vec<Uploaded> {
        locked(&self.state.kept).files.values().cloned().collect()
    }

    /// The calls so far, in order of arrival.
    pub(crate) fn calls(&self) -> Vec<Call> {
        locked(&self.state.calls).clone()
    }

    /// How many calls have come.
    pub(crate) fn arrived(&self) -> usize {
        locked(&self.state.calls).len()
    }

    /// Somebody deletes a message.
    pub(crate) fn delete(&self, ts: &str) {
        locked(&self.state.kept).messages.retain(|message| message.ts != ts);
    }
}

impl Drop for SlackApi {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes the thread that accepts
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        locked(&self.state.held).clear();
    }
}

/// An answer, and whether the connection survives it.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: 200, headers: vec![], body }
    }

    fn word(word: &str) -> Self {
        Self::ok(json!({"ok": false, "error": word}))
    }
}

impl State {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let state = Arc::clone(self);
            // An error is the client's: a broken or abandoned connection.
            thread::spawn(move || state.serve(stream).ok());
        }
    }

    /// Requests on one connection, until the client has had enough.
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(READ_LIMIT))?;
        let mut input = BufReader::new(stream.try_clone()?);
        while let Ok(request) = request::read(&mut input) {
            if self.ended.load(Ordering::SeqCst) {
                return Ok(());
            }
            let call = self.noted(&request);
            let fault = (self.options.faults)(&call);
            let answer = match &fault {
                Fault::CloseBefore => return Ok(()),
                Fault::Word(word) => Answer::word(word),
                Fault::Status(status) => Answer { status: *status, headers: vec![], body: Value::Null },
                Fault::TooMany(seconds) => rules::too_many(*seconds),
                _ => self.answer(&request, &call),
            };
            match fault {
                Fault::CloseAfter => return Ok(()),
                Fault::HangAfter => {
                    locked(&self.held).push(stream);
                    return Ok(());
                }
                Fault::HalfAfter => {
                    let written = written(&answer);
                    return stream.write_all(&written.as_bytes()[..written.len() - 10]);
                }
                _ => stream.write_all(written(&answer).as_bytes())?,
            }
        }
        Ok(())
    }

    fn noted(&self, request: &Request) -> Call {
        let url = reqwest::Url::parse(&format!("http://slack{}", request.path)).expect("a path");
        let query: serde_json::Map<String, Value> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect();
        let arguments = serde_json::from_str(&request.body).unwrap_or(Value::Object(query));
        let method = url.path().trim_start_matches("/api/");
        let method = if method.starts_with("/upload/") { "upload" } else { method }.to_owned();
        let mut calls = locked(&self.calls);
        let call = Call { number: calls.len(), method, arguments };
        calls.push(call.clone());
        call
    }
}

fn written(answer: &Answer) -> String {
    let headers: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let body = answer.body.to_string();
    format!(
        "HTTP/1.1 {} Scripted\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        answer.status,
        body.len()
    )
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
