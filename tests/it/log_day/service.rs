//! CloudWatch Logs as far as reading goes, over HTTP: `FilterLogEvents` and `DescribeLogGroups` of its JSON 1.1
//! protocol, with everything that makes reading hard. What it does wrong is drawn from a seed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use clock::Clock;
use serde_json::{Value, json};

use super::tape::{Event, Tape};

/// What stands for the target of a call that has none.
const LIST_FUNCTIONS: &str = "ListFunctions";

/// How hard reading is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    /// One call in so many is throttled; 0 for none.
    pub(crate) throttled: u32,
    /// One page in so many is empty and has a token.
    pub(crate) empty: u32,
    /// One token in so many is refused when it comes back.
    pub(crate) expired: u32,
    /// The most events of a page.
    pub(crate) page: usize,
}

pub(crate) struct Service {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    tape: Arc<Tape>,
    clock: Arc<dyn Clock>,
    faults: Faults,
    random: fastrand::Rng,
    /// What each token stands for.
    tokens: BTreeMap<String, Place>,
    /// `FilterLogEvents` calls by second.
    calls: BTreeMap<i64, u32>,
    refused: Refused,
}

/// A place in an answer: the token only fits the question it was given for.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    group: String,
    from_ms: i64,
    to_ms: i64,
    after: (i64, u64),
}

/// What went wrong on purpose.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) throttled: u32,
    pub(crate) expired: u32,
    pub(crate) empty: u32,
}

type Answer = Result<Value, (&'static str, &'static str)>;

impl Service {
    /// Answers on a loopback port as long as the process lives.
    pub(crate) fn start(tape: Arc<Tape>, clock: Arc<dyn Clock>, faults: Faults, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let address = listener.local_addr().expect("the bound address");
        let random = fastrand::Rng::with_seed(seed);
        let state = Arc::new(Mutex::new(State {
            tape,
            clock,
            faults,
            random,
            tokens: BTreeMap::new(),
            calls: BTreeMap::new(),
            refused: Refused::default(),
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // An error is the caller's, who has gone.
                thread::spawn(move || serve(&stream, &state).ok());
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `FilterLogEvents` calls by second, throttled ones among them.
    pub(crate) fn calls(&self) -> BTreeMap<i64, u32> {
        locked(&self.state).calls.clone()
    }

    pub(crate) fn refused(&self) -> Refused {
        locked(&self.state).refused
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The calls of one connection, one after another.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut target, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.starts_with("GET /2015-03-31/functions") {
                LIST_FUNCTIONS.clone_into(&mut target);
            }
            let Some((name, value)) = line.split_once(':') else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "x-amz-target" => value.trim().clone_into(&mut target),
                "content-length" => length = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let question: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = locked(state).answer(&target, &question);
        let (status, body) = match answer {
            Ok(answer) => ("200 OK", answer),
            Err((code, message)) => ("400 Bad Request", json!({"__type": code, "message": message})),
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice())?;
    }
}

impl State {
    fn one_in(&mut self, many: u32) -> bool {
        many > 0 && self.random.u32(0..many) == 0
    }

    fn answer(&mut self, target: &str, question: &Value) -> Answer {
        let filters = target.ends_with(".FilterLogEvents");
        if filters {
            *self.calls.entry(self.clock.now().timestamp()).or_default() += 1;
        }
        if self.one_in(self.faults.throttled) {
            self.refused.throttled += 1;
            return Err(("ThrottlingException", "Rate exceeded"));
        }
        match target {
            LIST_FUNCTIONS => Ok(self.list()),
            _ if filters => self.filter(question),
            _ => Ok(self.describe(question)),
        }
    }

    fn list(&self) -> Value {
        let function = |name: &String| json!({"FunctionName": name, "MemorySize": 128});
        json!({"Functions": self.tape.groups.keys().map(function).collect::<Vec<_>>()})
    }

    fn describe(&self, question: &Value) -> Value {
        let prefix = question["logGroupNamePrefix"].as_str().unwrap_or_default();
        let names = self
            .tape
            .groups
            .keys()
            .map(|function| format!("/aws/lambda/{function}"))
            .filter(|name| name.starts_with(prefix));
        json!({"logGroups": names.map(|name| json!({"logGroupName": name})).collect::<Vec<_>>()})
    }

    fn filter(&mut self, question: &Value) -> Answer {
        let group = question["logGroupName"].as_str().unwrap_or_default().to_owned();
        let tape = Arc::clone(&self.tape);
        let Some(events) = group.strip_prefix("/aws/lambda/").and_then(|function| tape.groups.get(function)) else {
            return Err(("ResourceNotFoundException", "The specified log group does not exist."));
        };
        let (from_ms, to_ms) =
            (question["startTime"].as_i64().unwrap_or(0), question["endTime"].as_i64().unwrap_or(i64::MAX));
        let mut place = Place { group, from_ms, to_ms, after: (i64::MIN, 0) };
        if let Some(token) = question["nextToken"].as_str() {
            let known = self
                .tokens
                .remove(token)
                .filter(|known| known.group == place.group && (known.from_ms, known.to_ms) == (from_ms, to_ms));
            let expired = self.one_in(self.faults.expired);
            match known.filter(|_| !expired) {
                Some(known) => place = known,
                None => {
                    self.refused.expired += 1;
                    return Err(("InvalidParameterException", "The specified nextToken is invalid."));
                }
            }
        }
        let size = if self.one_in(self.faults.empty) { 0 } else { self.random.usize(1..=self.faults.page) };
        let first = events.partition_point(|event| event.at_ms < from_ms || (event.at_ms, event.id) <= place.after);
        let now_ms = self.clock.now().timestamp_millis();
        let mut seen = events
            .get(first..)
            .unwrap_or_default()
            .iter()
            .take_while(|event| event.at_ms <= to_ms)
            .filter(|event| event.shown_ms <= now_ms);
        let page: Vec<&Event> = seen.by_ref().take(size).collect();
        let more = seen.next().is_some() || size == 0;
        self.refused.empty += u32::from(size == 0);
        let shown: Vec<Value> = page
            .iter()
            .map(|event| {
                json!({"logStreamName": format!("2026/03/01/[$LATEST]{:032x}", event.stream), "timestamp": event.at_ms, "message": event.message(), "ingestionTime": event.shown_ms, "eventId": event.id.to_string()})
            })
            .collect();
        let mut answer = json!({"events": shown, "searchedLogStreams": []});
        if more {
            if let Some(last) = page.last() {
                place.after = (last.at_ms, last.id);
            }
            let token = format!("Bxkq6kVGFtq2y_{:016x}", self.random.u64(..));
            answer["nextToken"] = json!(token);
            self.tokens.insert(token, place);
        }
        Ok(answer)
    }
}
