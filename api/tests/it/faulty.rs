//! A way to an HTTP service that loses things: stands between a client and an emulator, and decides about every
//! request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::runtime::Handle;

/// What becomes of a request.
pub(crate) enum Fate {
    /// It goes through.
    Passes,
    /// It is answered with this status and body, and goes nowhere.
    Answered(u16, String),
    /// The connection closes before it goes anywhere.
    RequestLost,
    /// It goes through, and the connection closes before its answer comes back.
    AnswerLost,
    /// Nothing happens any more on its connection.
    Hangs,
}

/// Which of the requests so far it is, from 0, and its operation, such as `Query`.
type Judge = dyn Fn(usize, &str) -> Fate + Send + Sync;

/// One such way, from a port of its own; it ends with the test's process.
pub(crate) struct Faulty {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Faulty {
    /// Leads to `upstream`, a URL without a path.
    pub(crate) fn start(upstream: String, judge: impl Fn(usize, &str) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let (runtime, judge, seen): (_, Arc<Judge>, _) = (Handle::current(), Arc::new(judge), Arc::clone(&calls));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let way = Way {
                    upstream: upstream.clone(),
                    runtime: runtime.clone(),
                    judge: judge.clone(),
                    calls: seen.clone(),
                    http: http.clone(),
                };
                thread::spawn(move || way.serve(&stream));
            }
        });
        Self { url, calls }
    }

    /// The operations that were asked for since the last time; sorted, as some are asked for at once.
    pub(crate) fn calls(&self) -> Vec<String> {
        let mut calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.sort();
        calls
    }
}

struct Way {
    upstream: String,
    runtime: Handle,
    judge: Arc<Judge>,
    calls: Arc<Mutex<Vec<String>>>,
    http: reqwest::Client,
}

impl Way {
    /// Takes requests until one of the sides has enough.
    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let (headers, body) = request(&mut reader)?;
            let header = |name: &str| headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
            let operation = header("x-amz-target").rsplit('.').next().unwrap_or("").to_owned();
            let number = {
                let mut calls = self.calls.lock().unwrap();
                calls.push(operation.clone());
                calls.len() - 1
            };
            let fate = (self.judge)(number, &operation);
            let (status, answer) = match fate {
                Fate::RequestLost => return None,
                Fate::Answered(status, body) => (status, body.into_bytes()),
                Fate::Hangs => {
                    // Until the client goes away.
                    let _ = reader.read_to_end(&mut Vec::new());
                    return None;
                }
                Fate::Passes | Fate::AnswerLost => {
                    let mut call = self.http.post(&self.upstream).body(body);
                    for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
                        call = call.header(name, header(name));
                    }
                    let answer = self.runtime.block_on(async {
                        let answer = call.send().await.ok()?;
                        Some((answer.status().as_u16(), answer.bytes().await.ok()?.to_vec()))
                    })?;
                    if matches!(fate, Fate::AnswerLost) {
                        return None;
                    }
                    answer
                }
            };
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            let mut out = stream;
            out.write_all(&[head.as_bytes(), &answer].concat()).ok()?;
        }
    }
}

type Headers = Vec<(String, String)>;

fn request(reader: &mut BufReader<&TcpStream>) -> Option<(Headers, Vec<u8>)> {
    let mut headers = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.push((name.to_ascii_lowercase(), value.trim_end().to_owned()));
        }
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(Some(0), |(_, value)| value.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((headers, body))
}
