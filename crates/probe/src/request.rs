//! One request, and what of its answer matters.

use std::time::Duration;

use chain::seen::outside::ResponseSeen;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use model::redact;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::connection::ByteStream;

/// Headers that show who answered.
const HEADERS: [&str; 13] = [
    "access-control-allow-origin",
    "apigw-requestid",
    "cf-ray",
    "content-type",
    "location",
    "server",
    "via",
    "x-amz-apigw-id",
    "x-amz-cf-id",
    "x-amz-cf-pop",
    "x-amzn-errortype",
    "x-amzn-requestid",
    "x-cache",
];
/// The most characters of a body that are kept.
const MAX_SHOWN: usize = 2000;
/// The most bytes of a body that are read, where it is only shown.
const MAX_BODY: usize = 2048;
/// The most bytes of a line of a body.
const MAX_LINE: usize = 1024;

/// An answer, and what only the probe needs of it.
#[derive(Debug)]
pub(crate) struct AnswerRead {
    pub(crate) seen: ResponseSeen,
    /// Where it redirects to, as it stands in the header.
    pub(crate) location: Option<String>,
    /// The bytes of the body that were read.
    pub(crate) body: Vec<u8>,
}

/// What to ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedPage<'a> {
    pub(crate) url: &'a Url,
    pub(crate) origin: Option<&'a str>,
    /// The most bytes of the body that are read.
    pub(crate) max_body: usize,
    /// When no more is waited for.
    pub(crate) deadline: Instant,
}

impl<'a> AskedPage<'a> {
    /// A page whose start is shown.
    pub(crate) fn new(url: &'a Url, origin: Option<&'a str>, deadline: Instant) -> Self {
        Self { url, origin, max_body: MAX_BODY, deadline }
    }

    /// No answer, and why.
    pub(crate) fn unanswered(&self, why: impl Into<String>) -> AnswerRead {
        let seen = ResponseSeen {
            url: shown(self.url),
            origin: self.origin.map(str::to_owned),
            status: None,
            headers: vec![],
            body_start: String::new(),
            problem: Some(why.into()),
            ttfb: None,
            untrusted: None,
        };
        AnswerRead { seen, location: None, body: vec![] }
    }

    /// Asks over a connection.
    pub(crate) async fn get(&self, stream: Box<dyn ByteStream>) -> AnswerRead {
        let start = Instant::now();
        let within = (self.deadline - start).as_secs_f64();
        match timeout_at(self.deadline, self.exchange(stream, start)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => self.unanswered(problem(&error)),
            Err(_) => self.unanswered(format!("no answer within {within:.1} s")),
        }
    }

    async fn exchange(&self, stream: Box<dyn ByteStream>, start: Instant) -> Result<AnswerRead, hyper::Error> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let answer = match self.request() {
            Some(request) => match sender.send_request(request).await {
                Ok(response) => Ok(self.read(response, start.elapsed()).await),
                Err(error) => Err(error),
            },
            None => Ok(self.unanswered("the request cannot be written")),
        };
        driver.abort();
        answer
    }

    fn request(&self) -> Option<Request<Empty<Bytes>>> {
        let host = match self.url.port() {
            Some(port) => format!("{}:{port}", self.url.host_str()?),
            None => self.url.host_str()?.to_owned(),
        };
        let target = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        let request = Request::get(target).header(header::HOST, host).header(header::ACCEPT, "*/*");
        let request = request.header(header::USER_AGENT, "monitor-doctor").header(header::CONNECTION, "close");
        let request = match self.origin {
            Some(origin) => request.header(header::ORIGIN, origin),
            None => request,
        };
        request.body(Empty::new()).ok()
    }

    async fn read(&self, response: Response<Incoming>, ttfb: Duration) -> AnswerRead {
        let location =
            response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut seen = ResponseSeen {
            url: shown(self.url),
            origin: self.origin.map(str::to_owned),
            status: Some(response.status().as_u16()),
            headers: kept(response.headers()),
            body_start: String::new(),
            problem: None,
            ttfb: Some(ttfb),
            untrusted: None,
        };
        let body = beginning(response.into_body(), self.max_body, self.deadline).await;
        seen.body_start = readable(&body);
        AnswerRead { seen, location, body }
    }
}

/// What was read of a body when it ended, was long enough, or the time was up.
async fn beginning(mut body: Incoming, most: usize, deadline: Instant) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() < most {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else { break };
        if let Some(data) = frame.data_ref() {
            read.extend(data.iter().take(most - read.len()));
        }
    }
    read
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let found = HEADERS.iter().filter_map(|name| {
        let value = String::from_utf8_lossy(headers.get(*name)?.as_bytes()).into_owned();
        Some(((*name).to_owned(), redact::excerpt(&value)))
    });
    found.collect()
}

/// The text of a body: line by line, because each excerpt is short.
pub(crate) fn readable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut shown = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let end = (0..=MAX_LINE.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
        let line = redact::excerpt(line.get(..end).unwrap_or_default());
        if shown.len() + line.len() + 1 > MAX_SHOWN {
            break;
        }
        if !shown.is_empty() && !line.is_empty() {
            shown.push(' ');
        }
        shown.push_str(&line);
    }
    shown
}

fn problem(error: &hyper::Error) -> String {
    let why = match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    redact::phrase(&why)
}

/// An address without its query and what else may be secret.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    redact::excerpt(url.as_str())
}
