//! AWS on this machine: one emulator process a test.
//!
//! moto for Cost Explorer and exact log paging, ministack for the rest (it runs
//! Lambda functions for real). Neither checks signatures.

use std::path::Path;
use std::time::Instant;

use reqwest::Client;

use super::server::{START_LIMIT, Server};
use super::wait;

/// The region of every emulated account.
pub const REGION: &str = "ap-northeast-2";

const EMULATOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/emulator.py");

/// One AWS emulator; dropping it ends the process and forgets the account.
pub struct Emulator {
    server: Server,
    pub(crate) http: Client,
}

impl Emulator {
    /// moto: Cost Explorer answers what [`Self::queue_cost_results`] gave it, logs
    /// page as AWS does; no function code runs.
    pub async fn moto() -> Self {
        let moto = Self::start("moto", "/moto-api/").await;
        // Otherwise invoking a function would look for Docker.
        let no_docker = serde_json::json!({"lambda": {"use_docker": false}});
        moto.post_plain("/moto-api/config", &no_docker).await;
        moto
    }

    /// ministack: runs Lambda functions, writes their logs and metrics; has no
    /// Cost Explorer.
    pub async fn ministack() -> Self {
        Self::start("ministack", "/_ministack/ready").await
    }

    /// Where clients find it, as for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    async fn start(name: &'static str, ready: &str) -> Self {
        // In a thread of its own: the first start of all installs the packages.
        let starting = move || Server::start(name, Path::new(EMULATOR), &[name]);
        let server = match tokio::task::spawn_blocking(starting).await {
            Ok(server) => server,
            Err(problem) => std::panic::resume_unwind(problem.into_panic()),
        };
        // Loopback only: a proxy of the developer's environment has no say.
        let http = Client::builder().no_proxy().timeout(START_LIMIT).build().expect("an HTTP client");
        let mut emulator = Self { server, http };
        emulator.answers(ready).await;
        emulator
    }

    async fn answers(&mut self, ready: &str) {
        let url = format!("{}{ready}", self.url());
        let end = Instant::now() + START_LIMIT;
        loop {
            let answer = self.http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(!self.server.has_ended(), "{}", self.complaint("ended at its start"));
            let late = Instant::now() >= end;
            assert!(!late, "{}", self.complaint("was not ready in time"));
            tokio::time::sleep(wait::PAUSE).await;
        }
    }

    /// A message with the end of the emulator's log.
    pub(crate) fn complaint(&self, problem: &str) -> String {
        self.server.complaint(problem)
    }
}

/// Environment of a child that is to see the emulators and nothing else: dummy
/// keys, no metadata service, no settings of the developer's own account.
///
/// `services` sends single services elsewhere, by the name the SDK gives them in
/// `AWS_ENDPOINT_URL_<SERVICE>`: `("COST_EXPLORER", &moto.url())`. URLs and not
/// emulators, so that a faulty proxy can stand in between.
pub fn aws_env(main: &str, services: &[(&str, &str)]) -> Vec<(String, String)> {
    let fixed = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", REGION),
        // Empty rather than missing: the SDK warns about a missing file.
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_ENDPOINT_URL", main),
    ];
    let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let single = services.iter().map(|(service, url)| (format!("AWS_ENDPOINT_URL_{service}"), (*url).to_owned()));
    fixed.into_iter().chain(single).collect()
}
