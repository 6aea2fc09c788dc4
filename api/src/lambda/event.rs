//! Events of Lambda. One struct reads both payload formats of API Gateway and function URLs: the fields that make a
//! request, under all their names.
//!
//! This does not use the conversion of `lambda_http`, which puts the stage into the path, refuses a request with one
//! unreadable header, and panics on an invalid `Host` and on invalid base64.

use std::collections::BTreeMap;

use monitor_warmup::Ping;
use serde::Deserialize;
use serde_json::Value;

use crate::jobs::JobRequest;

/// An event, by its kind.
#[derive(Debug)]
pub enum Event {
    /// A warm-up ping.
    Ping(Ping),
    /// A request.
    Http(Box<HttpEvent>),
    /// A job of a schedule or an operator, or what is wrong with the request.
    Job(Result<JobRequest, String>),
    /// Anything else.
    Other,
}

/// A request from API Gateway (REST; HTTP with payload format 1.0 or 2.0) or a function URL.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpEvent {
    /// 1.0: the method. In 2.0 it is in the context.
    pub http_method: Option<String>,
    /// 1.0: the path, decoded. REST leaves out the stage.
    pub path: Option<String>,
    /// 2.0: the path, with the stage unless that is `$default`.
    pub raw_path: Option<String>,
    /// 2.0: the query.
    pub raw_query_string: Option<String>,
    /// One value for each name; 2.0 joins several values with commas.
    pub headers: Option<BTreeMap<String, Option<String>>>,
    /// 1.0: all values.
    pub multi_value_headers: Option<BTreeMap<String, Option<Vec<String>>>>,
    /// 1.0: the last value of each, decoded.
    pub query_string_parameters: Option<BTreeMap<String, Option<String>>>,
    /// 1.0: all values, decoded.
    pub multi_value_query_string_parameters: Option<BTreeMap<String, Option<Vec<String>>>>,
    /// 2.0: the cookies, which are not in the headers.
    pub cookies: Option<Vec<String>>,
    /// Text, or base64.
    pub body: Option<String>,
    /// Whether the body is base64.
    pub is_base64_encoded: Option<bool>,
    /// Stage and method.
    pub request_context: Option<HttpContext>,
}

/// The context of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpContext {
    /// The gateway's own id of the request.
    pub request_id: Option<String>,
    /// The name of the stage; `$default` without one.
    pub stage: Option<String>,
    /// 1.0: the path of the request, with the stage on the default endpoint.
    pub path: Option<String>,
    /// 2.0.
    pub http: Option<HttpVerb>,
}

/// The method in payload format 2.0.
#[derive(Debug, Deserialize)]
pub struct HttpVerb {
    /// Such as `GET`.
    pub method: Option<String>,
}

impl Event {
    /// Reads an event, which is JSON.
    pub fn read(event: &str) -> Self {
        if let Some(ping) = Ping::recognise(event) {
            return Self::Ping(ping);
        }
        match serde_json::from_str::<HttpEvent>(event) {
            Ok(http) if http.method().is_some() => Self::Http(Box::new(http)),
            _ => serde_json::from_str::<Value>(event)
                .ok()
                .and_then(|event| JobRequest::read(&event))
                .map_or(Self::Other, Self::Job),
        }
    }
}

impl HttpEvent {
    /// The method, if the event is a request.
    pub fn method(&self) -> Option<&str> {
        let context = || self.request_context.as_ref()?.http.as_ref()?.method.as_deref();
        self.http_method.as_deref().or_else(context)
    }

    /// The gateway's id of the request, which its access log has too.
    pub fn request_id(&self) -> Option<&str> {
        self.request_context.as_ref()?.request_id.as_deref()
    }

    /// Whether it has payload format 2.0, which needs another form of answer.
    pub fn is_format_2(&self) -> bool {
        self.raw_path.is_some()
    }

    /// The path without the stage.
    pub fn route(&self) -> &str {
        let path = self.raw_path.as_deref().or(self.path.as_deref()).unwrap_or("/");
        let Some(context) = &self.request_context else { return path };
        let Some(stage) = context.stage.as_deref().filter(|stage| !stage.is_empty()) else { return path };
        // REST has the path twice. When the two differ by the stage, this one is without it, even if a route begins
        // with the same word.
        if context.path.as_deref().and_then(|asked| without(asked, stage)) == Some(path) {
            return path;
        }
        match without(path, stage) {
            Some("") => "/",
            Some(rest) => rest,
            None => path,
        }
    }
}

/// The path after its first segment, if that segment is the stage.
fn without<'path>(path: &'path str, stage: &str) -> Option<&'path str> {
    path.strip_prefix('/')?.strip_prefix(stage).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}
