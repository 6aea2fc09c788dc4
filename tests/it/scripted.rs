//! The daemon on a simulated clock with scripted sources, a real store and real receivers.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;

use alerting::observation::{EndpointCheck, Observation, ObservationBody, ReadUpTo};
use async_trait::async_trait;
use aws::meter::CallMeter;
use aws::prices::PriceTable;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use futures::FutureExt;
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use monitor::app::{MonitorConfig, receivers};
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{Daemon, DaemonParts, NoWatchdog, RunSummary, SourceSlot, StopCondition};
use notify::{Heartbeat, HttpHeartbeat};
use source::{PollOutput, Source};
use store::{Durability, Store, StoreError};
use tempfile::TempDir;

/// Minutes in which a function runs out of memory: from the first on, before the second.
pub(crate) type Trouble = (String, std::ops::Range<i64>);

/// Time passes from here.
pub(crate) fn minute(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_734_652_800 + minute * 60, 0).expect("a time") // 2024-12-20 00:00 UTC
}

/// A daemon that is started as often as a test likes, each time where it was stopped.
pub(crate) struct Scripted {
    pub(crate) folder: TempDir,
    /// What happens.
    pub(crate) trouble: Vec<Trouble>,
    /// What checks of endpoints see: each minute from the first on, before the second.
    pub(crate) checks: Vec<(std::ops::Range<i64>, EndpointCheck)>,
    /// What the configuration's secrets are.
    pub(crate) secrets: Vec<(String, String)>,
    /// Everything below `[watch.functions]`, which is always there.
    pub(crate) tables: String,
    pub(crate) now: DateTime<Utc>,
    /// The instant at which the clock jumps, and by how much.
    pub(crate) jump: Option<(DateTime<Utc>, TimeDelta)>,
}

/// A clock that jumps once, as it does when somebody sets it.
struct Jumping {
    clock: SimulatedClock,
    at: DateTime<Utc>,
    by: TimeDelta,
}

#[async_trait]
impl Clock for Jumping {
    fn now(&self) -> DateTime<Utc> {
        let now = self.clock.now();
        if now < self.at { now } else { now + self.by }
    }

    async fn wait_until(&self, until: DateTime<Utc>, busy: bool) {
        let jumped = self.clock.now() >= self.at;
        // Nobody who waits knows of a jump before it has come.
        let until = if jumped { until - self.by } else { until.min(self.at.max(self.clock.now())) };
        self.clock.wait_until(until, busy).await;
    }
}

impl Scripted {
    pub(crate) fn new(tables: &str, trouble: &[(&str, std::ops::Range<i64>)]) -> Self {
        let trouble = trouble.iter().map(|(function, minutes)| ((*function).to_owned(), minutes.clone())).collect();
        Self {
            folder: TempDir::new().expect("a folder"),
            trouble,
            checks: vec![],
            secrets: vec![],
            tables: tables.to_owned(),
            now: minute(0),
            jump: None,
        }
    }

    /// Sets a secret, the address of a receiver for one.
    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.folder.path().join("monitor.db")
    }

    /// The configuration.
    pub(crate) fn config(&self) -> MonitorConfig {
        let text = format!(
            "{}\n[watch.functions]\nevery = \"1m\"\nread.lambda_logs = {{ functions = [\"*\"] }}\n",
            self.tables
        );
        let secrets: Vec<(&str, &str)> =
            self.secrets.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let environment = ConfigEnvironment::with(&secrets, self.folder.path().to_path_buf());
        parse(&text, &environment, self.now).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    /// Runs the daemon until a minute, then stops it.
    pub(crate) async fn run_until(&mut self, end: i64) {
        self.run(minute(end)).await;
    }

    /// Runs the daemon until an instant, then stops it.
    pub(crate) async fn run(&mut self, end: DateTime<Utc>) {
        self.try_run(end).await.expect("a good end");
    }

    /// The same, where the end may not be a good one.
    pub(crate) async fn try_run(&mut self, end: DateTime<Utc>) -> Result<RunSummary, StoreError> {
        let config = self.config();
        let clock = SimulatedClock::starting_at(self.now);
        let clock: Arc<dyn Clock> = match self.jump {
            Some((at, by)) => Arc::new(Jumping { clock, at, by }),
            None => Arc::new(clock),
        };
        let functions = Functions {
            trouble: self.trouble.clone(),
            checks: self.checks.clone(),
            seen: self.now - TimeDelta::minutes(1),
        };
        let heart = config.heartbeat.as_ref().map(|heart| {
            Arc::new(HttpHeartbeat::new(&heart.url, heart.every.delta()).expect("a heart")) as Arc<dyn Heartbeat>
        });
        let parts = DaemonParts {
            store: Store::open(&config.store.path, Durability::None).await.expect("the store"),
            meter: Arc::new(CallMeter::new(
                PriceTable::built_in().expect("the prices"),
                config.aws.max_monthly_usd,
                Arc::clone(&clock),
            )),
            clock,
            receivers: receivers(&config).expect("receivers"),
            book: config.rulebook(),
            slots: config
                .watches
                .into_iter()
                .map(|watch| SourceSlot::new(Box::new(functions.clone()), watch.schedule, None))
                .collect(),
            keep: config.store.keep.delta(),
            window: TimeDelta::hours(1),
            keep_minutes: TimeDelta::days(1),
            write_every: TimeDelta::hours(1),
            random: fastrand::Rng::with_seed(1),
            pulse: Box::new(NoWatchdog),
            heart,
            monthly: None,
        };
        let until = match self.jump {
            // Seen from before the jump, its end may be in the past.
            Some((at, _)) => {
                let clock = Arc::clone(&parts.clock);
                let jumped = Cell::new(false);
                let over = move || {
                    jumped.set(jumped.get() || (clock.now() - at).abs() > TimeDelta::hours(2));
                    jumped.get() && clock.now() >= end
                };
                StopCondition::Told(
                    std::future::poll_fn(move |_| if over() { Poll::Ready(()) } else { Poll::Pending }).boxed(),
                )
            }
            None => StopCondition::Instant(end),
        };
        self.now = end;
        Daemon::new(parts).await.expect("a daemon").run(until).await
    }
}

/// Functions that run out of memory once a minute for as long as the script says.
#[derive(Clone)]
struct Functions {
    trouble: Vec<Trouble>,
    checks: Vec<(std::ops::Range<i64>, EndpointCheck)>,
    seen: DateTime<Utc>,
}

#[async_trait]
impl Source for Functions {
    fn name(&self) -> &str {
        "watch.functions"
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let seen = |at, what| Observation { at, seen: now, source: "watch.functions".to_owned(), what };
        let mut observations = Vec::new();
        for (function, minutes) in &self.trouble {
            let new = minutes.start.max((self.seen - minute(0)).num_minutes())
                ..minutes.end.min((now - minute(0)).num_minutes() + 1);
            for at in new.map(minute).filter(|at| self.seen < *at && *at <= now) {
                observations.push(seen(at, ObservationBody::Fault(oom(function))));
            }
            observations.push(seen(now, ObservationBody::ReadUpTo(ReadUpTo { function: function.clone() })));
        }
        let minute_now = (now - minute(0)).num_minutes();
        for (_, check) in self.checks.iter().filter(|(minutes, _)| minutes.contains(&minute_now)) {
            observations.push(seen(now, ObservationBody::Endpoint(check.clone())));
        }
        observations.push(seen(now, ObservationBody::Answered));
        self.seen = now;
        PollOutput { observations, ..PollOutput::default() }
    }
}

fn oom(function: &str) -> FailedInvocation {
    FailedInvocation {
        own: None,
        function: function.to_owned(),
        cause: Cause::Oom,
        confidence: Confidence::Proved,
        request_id: None,
        finding: "It used all its memory.".to_owned(),
        evidence: vec!["a line with <!channel> and <b>markup</b>".to_owned()],
        also: vec![],
        fingerprint: None,
    }
}
