//! A small AWS account with a mail server and a webhook around one folder with a configuration, for tests of the whole
//! program.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_stack::install;

use crate::support::mail::{MailOptions, MailServer};
use crate::support::program::{Program, monitor};
use crate::support::stack::{Emulator, aws_env};
use crate::support::webhook::{Reply, Webhook};

/// How long a test waits for something that happens elsewhere.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) ministack: Emulator,
    pub(crate) moto: Emulator,
    pub(crate) mail: MailServer,
    pub(crate) slack: Webhook,
    pub(crate) folder: TempDir,
}

impl World {
    /// Emulators without content, a mail server and a webhook that take everything.
    pub(crate) async fn new() -> Self {
        let (ministack, moto) = tokio::join!(Emulator::ministack(), Emulator::moto());
        let mail = MailServer::start(MailOptions::default()).await;
        let folder = TempDir::new().expect("a folder");
        Self { ministack, moto, mail, slack: Webhook::start(vec![Reply::status(200).body("ok")]), folder }
    }

    /// Writes the configuration: the given tables, and the receivers `team` (Slack) and `me` (mail).
    pub(crate) fn configure(&self, tables: &str) {
        let receivers = format!(
            "[receiver.team]\nvia.slack = {{ webhook = {{ env = \"HOOK\" }} }}\n[receiver.me]\nvia.email = {{ smtp = \"smtp://127.0.0.1:{}\", tls = \"none\", from = \"monitor@stepby.one\", to = [\"me@stepby.one\"] }}\n",
            self.mail.port()
        );
        fs::write(self.folder.path().join("alerts.toml"), format!("{tables}\n{receivers}")).expect("the configuration");
    }

    /// The program in this world.
    pub(crate) fn monitor(&self, args: &[&str]) -> Program {
        let (main, costs) = (self.ministack.url(), self.moto.url());
        monitor(self.folder.path())
            .args(args)
            .envs(aws_env(&main, &[("COST_EXPLORER", &costs)]))
            .env("HOOK", format!("{}/services/T/B/x", self.slack.url()))
    }

    /// What the webhook was told, in order.
    pub(crate) fn told(&self) -> Vec<String> {
        self.slack.requests().iter().map(|request| said(&request.body)).collect()
    }

    /// The report of a month as JSON.
    pub(crate) fn report(&self, month: &str) -> Value {
        let output = self.monitor(&["report", "--month", month, "--format", "json"]).run();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        serde_json::from_str(&output.stdout).expect("JSON")
    }
}

/// The title of a Slack message.
pub(crate) fn said(body: &str) -> String {
    let message: Value = serde_json::from_str(body).expect("a JSON message");
    message["text"].as_str().expect("a text").to_owned()
}

/// A period of a Cost Explorer answer: services with their amounts.
pub(crate) fn billed(day: &str, end: &str, estimated: bool, services: &[(&str, &str)]) -> Value {
    let group = |(service, amount): &(&str, &str)| json!({"Keys": [service], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}});
    json!({"TimePeriod": {"Start": day, "End": end}, "Total": {}, "Groups": services.iter().map(group).collect::<Vec<_>>(), "Estimated": estimated})
}

/// A whole answer, with the token of the next page. It says what its groups are by, as AWS does.
pub(crate) fn answer(periods: &[Value], next: Option<&str>) -> Value {
    const RECORD_TYPES: [&str; 4] = ["Usage", "Tax", "Credit", "Refund"];
    let groups = periods.iter().filter_map(|period| period["Groups"].as_array()).flatten();
    let seconds: Vec<&str> = groups.filter_map(|group| group["Keys"][1].as_str()).collect();
    let second = match seconds.iter().all(|key| RECORD_TYPES.contains(key)) {
        _ if seconds.is_empty() => None,
        true => Some("RECORD_TYPE"),
        false => Some("USAGE_TYPE"),
    };
    let by: Vec<Value> =
        [Some("SERVICE"), second].into_iter().flatten().map(|key| json!({"Type": "DIMENSION", "Key": key})).collect();
    let mut answer = json!({"GroupDefinitions": by, "ResultsByTime": periods, "DimensionValueAttributes": []});
    if let Some(next) = next {
        answer["NextPageToken"] = json!(next);
    }
    answer
}

/// Milliseconds since 1970 of a moment that lies so many seconds back.
pub(crate) fn ago(seconds: i64) -> i64 {
    now().timestamp_millis() - seconds * 1000
}

pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Runs Python with boto3 against an emulator; `c(service)` is a client.
pub(crate) fn python(emulator: &Emulator, script: &str) {
    let start = format!(
        "import boto3\ndef c(service): return boto3.client(service, endpoint_url='{}', region_name='ap-northeast-2', aws_access_key_id='test', aws_secret_access_key='test')\n",
        emulator.url()
    );
    let output = std::process::Command::new(install::python())
        .args(["-c", &format!("{start}{script}")])
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .output()
        .expect("python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
