//! The Lambda function: events come from the Runtime API, one at a time.
//!
//! A warm-up ping is answered without starting the application. A request goes to the router, which starts what it
//! needs; a job goes to [`JobRunner`]. Any other event is answered at once, so that a rule of EventBridge does not see
//! a failing function.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::http::StatusCode;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use monitor_warmup::{Answer, Ping};
use serde::Serialize;
use serde_json::value::RawValue;
use tower::ServiceExt;

use crate::http::deadline::Deadline;
use crate::http::request_log::{self, RequestId};
use crate::jobs::{JobOutcome, JobRequest, JobRunner};

pub mod event;
pub mod request;

use event::{Event, HttpEvent};
use request::HttpReply;

/// The variables without which the runtime panics.
const VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// One execution environment of the function.
pub struct Function {
    router: Router,
    jobs: Arc<dyn JobRunner>,
    environment: String,
    begun: Instant,
    served: AtomicU64,
}

/// The answer to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum EventReply {
    /// To a ping.
    Ping(Answer),
    /// To a request.
    Http(HttpReply),
    /// To a job.
    Job(JobOutcome),
    /// To anything else; nothing was done.
    Ignored {
        /// Always true.
        ignored: bool,
    },
}

impl Function {
    /// An execution environment that begins now. `environment` is its name, which does not change.
    pub fn new(router: Router, jobs: Arc<dyn JobRunner>, environment: impl Into<String>) -> Self {
        Self { router, jobs, environment: environment.into(), begun: Instant::now(), served: AtomicU64::new(0) }
    }

    /// Answers one event, which is JSON, within the time that is left of this invocation.
    ///
    /// # Errors
    /// When a job could not be started or finished. The scheduler repeats the event, and the job skips what is done.
    pub async fn answer(&self, event: &str, remaining: Duration) -> Result<EventReply, String> {
        let served = self.served.fetch_add(1, Ordering::Relaxed) + 1;
        match Event::read(event) {
            Event::Ping(ping) => Ok(EventReply::Ping(self.ping(ping, served, remaining).await)),
            Event::Http(event) => Ok(EventReply::Http(self.http(*event, Deadline::within(remaining)).await)),
            Event::Job(order) => self.job(order, remaining).await.map(EventReply::Job),
            Event::Other => {
                tracing::info!(bytes = event.len(), "an event of an unknown kind was ignored");
                Ok(EventReply::Ignored { ignored: true })
            }
        }
    }

    async fn ping(&self, ping: Ping, served: u64, remaining: Duration) -> Answer {
        let age_ms = millis(self.begun.elapsed());
        let held = ping.hold().min(remaining / 2);
        if !held.is_zero() {
            tokio::time::sleep(held).await;
        }
        Answer {
            warm: true,
            new: served == 1,
            environment: self.environment.clone(),
            age_ms,
            served,
            concurrency: ping.concurrency,
            held_ms: millis(held),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    async fn http(&self, event: HttpEvent, deadline: Deadline) -> HttpReply {
        let format_2 = event.is_format_2();
        let id = event.request_id().and_then(RequestId::given);
        let mut request = match request::request(event) {
            Ok(request) => request,
            Err(refused) => {
                request_log::log_unreadable(id, StatusCode::BAD_REQUEST);
                return request::sentence(StatusCode::BAD_REQUEST, &refused, format_2);
            }
        };
        request.extensions_mut().insert(deadline);
        if let Some(id) = id {
            request.extensions_mut().insert(id);
        }
        let Ok(response) = self.router.clone().oneshot(request).await;
        request::reply(response, format_2).await
    }

    async fn job(&self, order: Result<JobRequest, String>, remaining: Duration) -> Result<JobOutcome, String> {
        let order = order?;
        // One second is left to store the results and to answer.
        let until = tokio::time::Instant::now() + remaining.saturating_sub(Duration::from_secs(1));
        let outcome = self.jobs.run(&order, until).await.map_err(|failure| format!("{order}: {failure}"))?;
        tracing::info!(%order, ?outcome, "the job is done");
        if outcome.left > 0 {
            Err(format!("{order}: {} users are left: out of time", outcome.left))
        } else {
            Ok(outcome)
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether Lambda started this process.
pub fn is_here() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

/// The name of this execution environment: its log stream.
pub fn environment() -> String {
    std::env::var("AWS_LAMBDA_LOG_STREAM_NAME")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| format!("process {}", std::process::id()))
}

/// Answers events until Lambda ends the process.
///
/// # Errors
/// When the Runtime API cannot be reached, or a variable that Lambda sets is missing.
pub async fn serve(function: Function) -> Result<(), String> {
    if let Some(missing) = VARIABLES.into_iter().find(|name| std::env::var(name).is_err()) {
        return Err(format!("{missing} is not set; Lambda sets it in every execution environment"));
    }
    let function = &function;
    let served = service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        let remaining = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let failed = |error_message| Diagnostic { error_type: "JobFailed".to_owned(), error_message };
        function.answer(event.payload.get(), remaining).await.map_err(failed)
    });
    lambda_runtime::run(served).await.map_err(|error| error.to_string())
}
