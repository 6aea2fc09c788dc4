//! What tests prepare in an emulated account, over plain HTTP: the emulators take
//! unsigned calls, so the harness needs no SDK and cannot share its mistakes.

use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::install;
use super::stack::{Emulator, REGION};

const FUNCTION_LIMIT: Duration = Duration::from_secs(30);

/// Zips standard input as index.py and prints it in base64.
const ZIP: &str = "
import base64, io, sys, zipfile
archive = io.BytesIO()
with zipfile.ZipFile(archive, 'w') as zipped:
    zipped.writestr('index.py', sys.stdin.buffer.read())
sys.stdout.write(base64.b64encode(archive.getvalue()).decode())
";

impl Emulator {
    /// moto only: the answers to the next `GetCostAndUsage` calls, one for each
    /// *different* request body. The same request gets the same answer again,
    /// until [`Self::reset_moto`]; with an empty queue moto answers an empty bill.
    pub async fn queue_cost_results(&self, results: &[Value]) {
        let queue = "/moto-api/static/ce/cost-and-usage-results";
        self.post_plain(queue, &json!({"results": results})).await;
    }

    /// moto only: forgets everything, including which request got which answer.
    pub async fn reset_moto(&self) {
        self.post_plain("/moto-api/reset", &json!({})).await;
    }

    /// Creates a log group, which must not be there yet.
    pub async fn create_log_group(&self, name: &str) {
        self.logs("CreateLogGroup", &json!({"logGroupName": name})).await;
    }

    /// Writes events, `(milliseconds since 1970, message)` in order of time, and
    /// the stream when it is missing.
    ///
    /// moto, like AWS, takes nothing older than 14 days or more than two hours
    /// ahead; ministack takes any time.
    pub async fn put_log_events(&self, group: &str, stream: &str, events: &[(i64, &str)]) {
        let name = json!({"logGroupName": group, "logStreamName": stream});
        let created = self.try_call("logs", "Logs_20140328.CreateLogStream", &name).await;
        if let Err(problem) = created
            && !problem.contains("ResourceAlreadyExistsException")
        {
            panic!("CreateLogStream: {problem}");
        }
        let events: Vec<Value> =
            events.iter().map(|(timestamp, message)| json!({"timestamp": timestamp, "message": message})).collect();
        let body = json!({"logGroupName": group, "logStreamName": stream, "logEvents": events});
        let answer = self.logs("PutLogEvents", &body).await;
        let refused = &answer["rejectedLogEventsInfo"];
        assert!(refused.is_null(), "events of a time that is not accepted: {refused}");
    }

    /// ministack only: a Python function with `handler(event, context)` in `source`,
    /// ready to be invoked.
    pub async fn create_function(&self, name: &str, source: &str, timeout_s: u32, memory_mb: u32) {
        self.create(name, source, timeout_s, memory_mb, None).await;
    }

    /// ministack only: a function that answers its event, and that is configured
    /// to log to this group.
    pub async fn create_function_that_logs_to(&self, name: &str, group: &str) {
        let source = "def handler(event, context):\n    return event\n";
        self.create(name, source, 3, 128, Some(group)).await;
    }

    async fn create(&self, name: &str, source: &str, timeout_s: u32, memory_mb: u32, group: Option<&str>) {
        let path = "/2015-03-31/functions";
        let mut function = json!({
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": "arn:aws:iam::000000000000:role/test",
            "Code": {"ZipFile": zipped(source)},
            "Timeout": timeout_s,
            "MemorySize": memory_mb,
        });
        if let Some(group) = group {
            function["LoggingConfig"] = json!({"LogFormat": "Text", "LogGroup": group});
        }
        let create = self.http.post(format!("{}{path}", self.url())).json(&function);
        self.expect(create, "lambda").await;

        // AWS refuses calls to a function that is still pending.
        let configuration = format!("{}{path}/{name}/configuration", self.url());
        let end = std::time::Instant::now() + FUNCTION_LIMIT;
        loop {
            let found = self.expect(self.http.get(&configuration), "lambda").await;
            if found["State"] == "Active" {
                return;
            }
            assert!(std::time::Instant::now() < end, "{name} stays {}", found["State"]);
            tokio::time::sleep(super::wait::PAUSE).await;
        }
    }

    /// Any other call of a service that speaks JSON with `X-Amz-Target`; the
    /// error is what the emulator answered.
    pub async fn try_call(&self, service: &str, target: &str, body: &Value) -> Result<Value, String> {
        let call = self
            .http
            .post(self.url())
            .header("X-Amz-Target", target)
            .header("Content-Type", "application/x-amz-json-1.1")
            .body(body.to_string());
        self.send(call, service).await
    }

    /// The same call in another region.
    pub async fn call_in(&self, region: &str, service: &str, target: &str, body: &Value) -> Result<Value, String> {
        let call = self
            .http
            .post(self.url())
            .header("X-Amz-Target", target)
            .header("Content-Type", "application/x-amz-json-1.1")
            .body(body.to_string());
        self.send_in(region, call, service).await
    }

    /// A call of a service that speaks the Query protocol; the XML of its answer.
    pub async fn query(&self, service: &str, form: &[(&str, &str)]) -> String {
        let mut address = reqwest::Url::parse(&self.url()).expect("an address");
        address.query_pairs_mut().extend_pairs(form);
        let body = address.query().unwrap_or_default().to_owned();
        let call = self.http.post(self.url()).header("Content-Type", "application/x-www-form-urlencoded").body(body);
        let answer = self.answer(call, service).await;
        answer.unwrap_or_else(|problem| panic!("{form:?}: {}", self.complaint(&problem)))
    }

    /// Posts to an emulator's own control path.
    pub async fn post_plain(&self, path: &str, body: &Value) {
        let call = self.http.post(format!("{}{path}", self.url())).json(body);
        self.expect(call, "control").await;
    }

    async fn logs(&self, action: &str, body: &Value) -> Value {
        let answer = self.try_call("logs", &format!("Logs_20140328.{action}"), body).await;
        answer.unwrap_or_else(|problem| panic!("{action}: {}", self.complaint(&problem)))
    }

    async fn expect(&self, call: RequestBuilder, service: &str) -> Value {
        let answer = self.send(call, service).await;
        answer.unwrap_or_else(|problem| panic!("{service}: {}", self.complaint(&problem)))
    }

    async fn send(&self, call: RequestBuilder, service: &str) -> Result<Value, String> {
        self.send_in(REGION, call, service).await
    }

    async fn send_in(&self, region: &str, call: RequestBuilder, service: &str) -> Result<Value, String> {
        let text = self.answer_in(region, call, service).await?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn answer(&self, call: RequestBuilder, service: &str) -> Result<String, String> {
        self.answer_in(REGION, call, service).await
    }

    async fn answer_in(&self, region: &str, call: RequestBuilder, service: &str) -> Result<String, String> {
        // Never checked, but its scope is how an emulator finds the service and the region.
        let scope = format!("Credential=test/20250101/{region}/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=unsigned");
        let answer = call.header("Authorization", authorization).send().await;
        let answer = answer.map_err(|error| format!("did not answer: {error}"))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| format!("broke off: {error}"))?;
        if !status.is_success() {
            return Err(format!("answered {status}: {text}"));
        }
        Ok(text)
    }
}

fn zipped(source: &str) -> String {
    use std::io::Write as _;
    let mut child = Command::new(install::python())
        .args(["-c", ZIP])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start Python");
    let mut input = child.stdin.take().expect("standard input");
    input.write_all(source.as_bytes()).expect("write the source");
    drop(input);
    let output = child.wait_with_output().expect("read the archive");
    assert!(output.status.success(), "zipping failed: {}", output.status);
    String::from_utf8(output.stdout).expect("base64")
}
