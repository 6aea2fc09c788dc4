//! One server, the people who use it, and what their answers must be.
//!
//! An answer that is not as it must be is noted and the suite goes on, so that one run tells of all that is wrong.

use std::fmt::Display;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::process::Process;

/// The server under test.
pub(super) struct World {
    process: Process,
    http: Client,
    faults: Mutex<Vec<String>>,
    people: AtomicU32,
}

impl World {
    pub(super) fn new(process: Process) -> Arc<Self> {
        // Loopback only: a proxy of the developer's environment has no say. Redirects are an answer like any other.
        let http =
            Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("an HTTP client");
        Arc::new(Self { process, http, faults: Mutex::default(), people: AtomicU32::new(0) })
    }

    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    /// Notes what is not as it must be.
    pub(super) fn note(&self, place: &Location<'_>, fault: impl Display) {
        self.faults.lock().expect("the list").push(format!("{}:{}: {fault}", place.file(), place.line()));
    }

    #[track_caller]
    pub(super) fn check(&self, right: bool, what: impl Display) {
        if !right {
            self.note(Location::caller(), what);
        }
    }

    /// All that has been noted.
    pub(super) fn faults(&self) -> Vec<String> {
        self.faults.lock().expect("the list").clone()
    }

    /// Someone without a token.
    pub(super) fn nobody(self: &Arc<Self>) -> Person {
        Person {
            world: self.clone(),
            id: 0,
            email: String::new(),
            access: String::new(),
            refresh: String::new(),
            authorization: None,
        }
    }

    /// Someone who has just signed in for the first time.
    pub(super) async fn newcomer(self: &Arc<Self>) -> Person {
        let email = format!("person-{}@example.com", self.people.fetch_add(1, Ordering::Relaxed));
        let (id, access, refresh) = self.process.sign_in(&email).await;
        Person { authorization: Some(format!("Bearer {access}")), world: self.clone(), id, email, access, refresh }
    }
}

/// Someone who asks the server.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) world: Arc<World>,
    pub(super) id: i64,
    pub(super) email: String,
    pub(super) access: String,
    pub(super) refresh: String,
    /// The whole header.
    pub(super) authorization: Option<String>,
}

impl Person {
    /// The same with another header.
    pub(super) fn with(&self, authorization: impl Into<String>) -> Self {
        Self { authorization: Some(authorization.into()), ..self.clone() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        // As the client does.
        self.ask(Method::GET, path, &[("content-type", "application/json")], None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, body).await
    }

    pub(super) async fn delete(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, body).await
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        self.ask(method, path, &[("content-type", "application/json")], Some(body.to_string().into_bytes())).await
    }

    /// Any request; what holds for every answer is looked at here.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let sent = body
            .as_deref()
            .map(|body| String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned())
            .unwrap_or_default();
        let mut request = self.world.http.request(method.clone(), format!("{}{path}", self.world.process.base()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response =
            request.send().await.unwrap_or_else(|error| panic!("{method} {path} {sent}: no answer: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_else(|error| panic!("{method} {path} {sent}: {error:?}"));
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| json!({"not JSON": text}))
        };
        let answer =
            Answer { world: self.world.clone(), what: format!("{method} {path} {sent}"), status, headers, body };
        answer.general(&method);
        answer
    }
}

/// What every answer carries.
const ALWAYS: [(&str, &str); 5] = [
    ("access-control-allow-origin", "*"),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// What the server answered.
pub(super) struct Answer {
    world: Arc<World>,
    pub(super) what: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn general(&self, method: &Method) {
        let mut wrong = Vec::new();
        for (name, value) in ALWAYS {
            if self.header(name) != value {
                wrong.push(format!("{name} is {:?}", self.header(name)));
            }
        }
        let mime = self.header("content-type").to_ascii_lowercase().replace(' ', "");
        if method != Method::OPTIONS && !["application/json", "application/json;charset=utf-8"].contains(&mime.as_str())
        {
            wrong.push(format!("content-type is {mime:?}"));
        }
        if self.status == 401 && self.header("www-authenticate") != r#"Bearer realm="api""# {
            wrong.push(format!("www-authenticate is {:?}", self.header("www-authenticate")));
        }
        if self.status == 500 || (300..400).contains(&self.status) {
            wrong.push(format!("the status is {}: {}", self.status, self.body));
        }
        if self.body.get("not JSON").is_some() {
            wrong.push(format!("it is no JSON: {}", self.body));
        }
        if let Some(key) = snake_key(&self.body) {
            wrong.push(format!("{key:?} is not in camelCase"));
        }
        for wrong in wrong {
            self.world.note(Location::caller(), format!("{}: {wrong}", self.what));
        }
    }

    #[track_caller]
    fn compare(self, status: u16, expected: &Value, all: bool) -> Value {
        if self.status != status || !fits(expected, &self.body, all) {
            let found = format!("{} {}", self.status, self.body);
            self.world.note(
                Location::caller(),
                format!("{}\n    must be {status} {expected}\n    but is  {found}", self.what),
            );
        }
        self.body
    }

    /// Exactly this, in the words of [`fits`].
    #[track_caller]
    pub(super) fn is(self, status: u16, expected: Value) -> Value {
        self.compare(status, &expected, true)
    }

    /// An object with these fields, and maybe others.
    #[track_caller]
    pub(super) fn has(self, status: u16, expected: Value) -> Value {
        self.compare(status, &expected, false)
    }

    /// This status; the body is the caller's to look at.
    #[track_caller]
    pub(super) fn gives(self, status: u16) -> Value {
        self.compare(status, &json!("?"), true)
    }

    /// One of these.
    #[track_caller]
    pub(super) fn gives_one_of(self, statuses: &[u16]) -> Value {
        let status = if statuses.contains(&self.status) { self.status } else { statuses[0] };
        self.gives(status)
    }

    /// 400 with this sentence for this field, and nothing else.
    #[track_caller]
    pub(super) fn refuses(self, field: &str, sentence: &str) {
        self.is(400, json!({field: [sentence]}));
    }
}

/// Whether a value is as expected. Some strings stand for more than themselves: `…` for any text, `…this` for a text
/// with `this` in it, `#` for a whole number, `@` for a time with microseconds, `?` for anything.
fn fits(expected: &Value, found: &Value, all: bool) -> bool {
    match (expected, found) {
        (Value::String(sign), _) if sign == "?" => true,
        (Value::String(sign), found) if sign == "#" => found.is_i64(),
        (Value::String(sign), Value::String(text)) if sign == "@" => is_instant(text),
        (Value::String(sign), Value::String(text)) => match sign.strip_prefix('…') {
            Some(part) => !text.is_empty() && text.contains(part),
            None => sign == text,
        },
        (Value::Object(expected), Value::Object(found)) => {
            (!all || expected.len() == found.len())
                && expected.iter().all(|(key, value)| found.get(key).is_some_and(|found| fits(value, found, all)))
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| fits(expected, found, all))
        }
        (expected, found) => expected == found,
    }
}

/// `2024-11-05T09:30:00.123456Z`.
fn is_instant(text: &str) -> bool {
    text.len() == 27 && text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

fn snake_key(value: &Value) -> Option<&str> {
    match value {
        Value::Object(fields) => {
            fields.iter().find_map(|(key, value)| if key.contains('_') { Some(key.as_str()) } else { snake_key(value) })
        }
        Value::Array(items) => items.iter().find_map(snake_key),
        _ => None,
    }
}

/// The fields under this name, of a list.
pub(super) fn each<'a>(rows: &'a Value, field: &str) -> Vec<&'a Value> {
    rows.as_array().into_iter().flatten().map(|row| &row[field]).collect()
}

/// The ids of a list, in its order.
pub(super) fn ids(rows: &Value) -> Vec<i64> {
    each(rows, "id").into_iter().filter_map(Value::as_i64).collect()
}

/// The row with this id.
pub(super) fn row(rows: &Value, id: i64) -> Value {
    rows.as_array().into_iter().flatten().find(|row| row["id"] == id).cloned().unwrap_or_default()
}

pub(super) const TODO: &str = "/todos/todo/";
pub(super) const SUB: &str = "/todos/sub/";
pub(super) const CATEGORY: &str = "/todos/category/";
pub(super) const INBOX: &str = "/todos/inbox/";
pub(super) const USER: &str = "/auth/user/";
pub(super) const PROFILE: &str = "/auth/profile/";
pub(super) const FEEDBACK: &str = "/feedback/";
pub(super) const VERIFY: &str = "/auth/api/token/verify/";
pub(super) const REFRESH: &str = "/auth/token/refresh/";

impl Person {
    fn id_of(answer: Answer) -> i64 {
        let what = answer.what.clone();
        let body = answer.gives(201);
        body["id"].as_i64().unwrap_or_else(|| panic!("{what}: {body}"))
    }

    /// A new category.
    pub(super) async fn category(&self, title: &str) -> i64 {
        Self::id_of(self.post(CATEGORY, json!({"title": title, "color": 1})).await)
    }

    /// A new todo without a date.
    pub(super) async fn todo(&self, category: i64, content: &str) -> i64 {
        Self::id_of(self.post(TODO, json!({"content": content, "categoryId": category})).await)
    }

    /// A new todo of a day.
    pub(super) async fn dated(&self, category: i64, content: &str, date: &str) -> i64 {
        Self::id_of(self.post(TODO, json!({"content": content, "categoryId": category, "date": date})).await)
    }

    /// A new step.
    pub(super) async fn sub(&self, todo: i64, content: &str) -> i64 {
        let answer = self.post(SUB, json!([{"content": content, "todoId": todo}])).await;
        let what = answer.what.clone();
        let body = answer.gives(201);
        body[0]["id"].as_i64().unwrap_or_else(|| panic!("{what}: {body}"))
    }

    /// All of the todos.
    pub(super) async fn todos(&self) -> Value {
        self.get(TODO).await.gives(200)
    }

    pub(super) async fn categories(&self) -> Value {
        self.get(CATEGORY).await.gives(200)
    }

    pub(super) async fn subs(&self, todo: i64) -> Value {
        self.get(&format!("{SUB}?todo_id={todo}")).await.gives(200)
    }
}
