//! The log reader against a log service that shows events late, out of order and on odd pages, throttles, and forgets
//! its tokens, while the monitor is killed now and then. The clock is simulated, everything else is as it is for real:
//! the SDK, HTTP, the source with its budget, and places that are committed together with what was counted.
//!
//! `tests/it/logs_complete.rs` runs two hours of it, `benches/log_day.rs` a day.

mod service;
pub(crate) mod tailers;
pub(crate) mod tape;

use std::collections::BTreeMap;
use std::sync::Arc;

use alerting::observation::ObservationBody;
use aws::budget::RateLimiter;
use aws::{AwsClients, sdk};
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};
use source::{PollOutput, Source};

use self::service::{Refused, Service};
use self::tape::{Counts, START_MS, Tape};

pub(crate) use self::service::Faults;

/// How long counted events may wait to be committed, as in the daemon.
const COMMIT: TimeDelta = TimeDelta::seconds(30);

/// How the monitor is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) every: TimeDelta,
    pub(crate) calls_per_second: u32,
    /// How often it is killed and started again; what it has not committed is lost then.
    pub(crate) restarts: u32,
    pub(crate) seed: u64,
}

/// What a run has shown.
pub(crate) struct Outcome {
    pub(crate) counted: Counts,
    /// `FilterLogEvents` calls by second.
    pub(crate) calls: BTreeMap<i64, u32>,
    pub(crate) refused: Refused,
    pub(crate) polls: u32,
    /// Failures that were reported, by kind.
    pub(crate) failures: BTreeMap<String, u32>,
    /// Bytes of all cursors at the end of each tenth of the run.
    pub(crate) cursor_bytes: Vec<usize>,
    /// The longest time between two readings of a function, in one process.
    pub(crate) longest_gap: TimeDelta,
}

/// The account behind a log service.
fn account(url: &str, clock: &Arc<dyn Clock>, calls_per_second: u32) -> AwsClients {
    let config = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("ap-northeast-2"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        // Where the SDK tries again by itself it sleeps, and not on the simulated clock.
        .retry_config(RetryConfig::disabled())
        .build();
    let log_budget = Arc::new(RateLimiter::new(calls_per_second, Arc::clone(clock)));
    AwsClients { log_budget, ..sdk::account(&config, Arc::clone(clock)) }
}

fn source(account: &AwsClients, cursors: &BTreeMap<String, String>, now: DateTime<Utc>) -> Box<dyn Source> {
    const TABLES: &str = "[watch.logs]\nevery = \"30s\"\nread.lambda_logs = { functions = [\"*\"] }\n";
    let config: MonitorConfig =
        parse(TABLES, &ConfigEnvironment::with(&[], "/".into()), now).expect("a valid configuration");
    let watch = config.watches.into_iter().next().expect("a watch");
    let mut source = watch.read.source(watch.name, account);
    source.restore(cursors.clone());
    source
}

/// Runs the monitor over a tape, to its end and a little longer, so that the last line is shown and read.
pub(crate) async fn run(tape: &Arc<Tape>, faults: Faults, run: Run) -> Outcome {
    let simulated = Arc::new(SimulatedClock::starting_at(DateTime::from_timestamp_millis(START_MS).expect("a time")));
    let clock: Arc<dyn Clock> = simulated;
    let service = Service::start(Arc::clone(tape), Arc::clone(&clock), faults, run.seed);
    let end = DateTime::from_timestamp_millis(tape.end_ms).expect("a time") + TimeDelta::minutes(5);
    let length = end - clock.now();
    let mut random = fastrand::Rng::with_seed(run.seed + 1);
    let mut restarts: Vec<DateTime<Utc>> = (0..run.restarts)
        .map(|_| clock.now() + TimeDelta::milliseconds(random.i64(0..length.num_milliseconds())))
        .collect();
    restarts.sort();
    restarts.reverse();
    let mut committed: BTreeMap<String, String> = BTreeMap::new();
    let mut outcome = Outcome {
        counted: Counts::new(),
        calls: BTreeMap::new(),
        refused: Refused::default(),
        polls: 0,
        failures: BTreeMap::new(),
        cursor_bytes: Vec::new(),
        longest_gap: TimeDelta::zero(),
    };
    let mut account_now = account(&service.url(), &clock, run.calls_per_second);
    let mut running = source(&account_now, &committed, clock.now());
    let mut pending: Vec<PollOutput> = Vec::new();
    let (mut due, mut go_on, mut commit_at) = (clock.now(), None, clock.now() + COMMIT);
    let mut read: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    while clock.now() < end {
        let now = clock.now();
        if restarts.last().is_some_and(|restart| *restart <= now) {
            restarts.pop();
            // Killed: what was read since the last commit, and the place in a long answer, are gone.
            pending.clear();
            read.clear();
            account_now = account(&service.url(), &clock, run.calls_per_second);
            running = source(&account_now, &committed, now);
            (due, go_on) = (now, None);
        }
        let gathered = if due <= now {
            due = now + run.every;
            running.poll(now).await
        } else {
            running.go_on(now).await
        };
        outcome.polls += 1;
        go_on = gathered.go_on_at.or(go_on.filter(|at| *at > now));
        for observation in &gathered.observations {
            match &observation.what {
                ObservationBody::ReadUpTo(up_to) => {
                    let before = read.insert(up_to.function.clone(), now).unwrap_or(now);
                    outcome.longest_gap = outcome.longest_gap.max(now - before);
                }
                ObservationBody::Failed(failure) => {
                    *outcome.failures.entry(format!("{:?}", failure.kind)).or_default() += 1;
                }
                _ => {}
            }
        }
        pending.push(gathered);
        if now >= commit_at {
            commit_at = now + COMMIT;
            pending.drain(..).for_each(|gathered| commit(gathered, &mut committed, &mut outcome.counted));
            if (end - now) * 10 < length * (10 - i32::try_from(outcome.cursor_bytes.len()).unwrap_or(10)) {
                outcome.cursor_bytes.push(committed.values().map(String::len).sum());
            }
        }
        let next = go_on.map_or(due, |at| at.min(due));
        clock.wait_until(next, false).await;
    }
    pending.drain(..).for_each(|gathered| commit(gathered, &mut committed, &mut outcome.counted));
    outcome.calls = service.calls();
    outcome.refused = service.refused();
    outcome
}

/// What was counted and the place that goes with it, at once.
fn commit(gathered: PollOutput, committed: &mut BTreeMap<String, String>, counted: &mut Counts) {
    committed.extend(gathered.cursors);
    for observation in gathered.observations {
        if let ObservationBody::Tally(tally) = observation.what {
            let minute = counted.entry((tally.function, observation.at.timestamp().div_euclid(60))).or_default();
            *minute = (minute.0 + tally.invocations, minute.1 + tally.billed_ms, minute.2 + tally.unparsed);
        }
    }
}

impl Outcome {
    /// Events that were counted too rarely and too often, minute by minute and function by function.
    pub(crate) fn missed(&self, tape: &Tape) -> tailers::Missed {
        let truth = tape.truth();
        let mut missed = tailers::Missed::default();
        let keys: std::collections::BTreeSet<_> = truth.keys().chain(self.counted.keys()).collect();
        for key in keys {
            let (there, read) =
                (truth.get(key).copied().unwrap_or_default(), self.counted.get(key).copied().unwrap_or_default());
            for (there, read) in [(there.0, read.0), (there.2, read.2)] {
                missed.lost += there.saturating_sub(read);
                missed.repeated += read.saturating_sub(there);
            }
            // As many, but not the same ones: their sums differ.
            if there.0 == read.0 && there.1 != read.1 {
                missed.lost += 1;
                missed.repeated += 1;
            }
        }
        missed
    }

    /// The most calls in one second.
    pub(crate) fn most_calls(&self) -> u32 {
        self.calls.values().copied().max().unwrap_or(0)
    }

    /// All calls.
    pub(crate) fn all_calls(&self) -> u32 {
        self.calls.values().sum()
    }
}
