//! Rehearsals of rules that depend on the sources: failures, silence, metrics, and stores without liveness data.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use alerting::observation::{MetricPoint, Observation, ObservationBody, ReadUpTo};
use alerting::operator::Acknowledgement;
use alerting::rehearsal::{DeliveryRecord, matched};
use async_trait::async_trait;
use aws::meter::CallMeter;
use aws::prices::PriceTable;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use model::call_failure::{CallFailure, FailureKind};
use model::schedule::Schedule;
use model::span::Span;
use monitor::app::{MonitorConfig, RehearsalResult, TimeRange, rehearse};
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{Daemon, DaemonParts, NoWatchdog, SourceSlot, StopCondition};
use notify::{DeliveryOutcome, DeliveryRequest, Receiver};
use source::{PollOutput, Source};
use store::{Commit, Durability, Store};
use tempfile::TempDir;

const CONFIG: &str = "[watch.logs]
every = \"1m\"
read.lambda_logs = { functions = [\"shop\"] }
[watch.metrics]
every = \"5m\"
read.lambda_metrics = { functions = [\"shop\"] }
[alert.quiet]
when.silence = { source = \"watch.logs\", longer_than = \"30m\" }
tell = [\"team\"]
[alert.blind]
when.source_failing = { patience = \"20m\" }
tell = [\"team\"]
[alert.oom]
when.lambda_cause = { causes = [\"oom\"] }
remind = \"30m\"
tell = [\"team\"]
[alert.throttled]
when.metric_above = { metric = \"Throttles\", above = 30 }
tell = [\"team\"]
[receiver.team]
via.stdout = {}";

fn minute(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_735_000_020 + minute * 60, 0).expect("a time")
}

/// Two sources that fail, and a function that fails, at minutes that are written here.
struct Story(&'static str);

/// Minutes in which the logs are throttled, are denied, and do not answer at all.
const THROTTLED: std::ops::Range<i64> = 100..160;
const DENIED: std::ops::Range<i64> = 300..310;
/// Faults.
const FAULTS: [i64; 2] = [400, 600];

#[async_trait]
impl Source for Story {
    fn name(&self) -> &str {
        self.0
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let mut gathered = PollOutput::default();
        let mut saw = |at, what| gathered.observations.push(Observation { at, seen: now, source: self.0.into(), what });
        let at = (now - minute(0)).num_minutes();
        let failed = |kind| CallFailure {
            call: "logs:FilterLogEvents".into(),
            resource: "shop".into(),
            kind,
            said: "no".into(),
            next_step: String::new(),
        };
        if self.0 == "watch.metrics" {
            let point = |ago: i64| MetricPoint {
                function: "shop".into(),
                metric: "Throttles".into(),
                period: 60,
                sum: if at - ago == 700 { 50.0 } else { 1.0 },
                maximum: 1.0,
                average: 1.0,
            };
            (1..60).for_each(|ago| saw(now - TimeDelta::minutes(ago), ObservationBody::Metric(point(ago))));
            saw(now, ObservationBody::MeasuredUpTo(ReadUpTo { function: "shop".into() }));
            saw(now, ObservationBody::Answered);
        } else if THROTTLED.contains(&at) || DENIED.contains(&at) {
            saw(
                now,
                ObservationBody::Failed(failed(if DENIED.contains(&at) {
                    FailureKind::Denied
                } else {
                    FailureKind::Throttled
                })),
            );
        } else {
            if FAULTS.contains(&at) {
                let fault = FailedInvocation {
                    own: None,
                    function: "shop".into(),
                    cause: Cause::Oom,
                    confidence: Confidence::Proved,
                    request_id: None,
                    finding: "It is so.".into(),
                    evidence: vec![],
                    also: vec![],
                    fingerprint: None,
                };
                saw(now, ObservationBody::Fault(fault));
            }
            saw(now, ObservationBody::ReadUpTo(ReadUpTo { function: "shop".into() }));
            saw(now, ObservationBody::Answered);
        }
        gathered
    }
}

/// Takes everything.
struct Deaf;

#[async_trait]
impl Receiver for Deaf {
    async fn send(&self, _: &DeliveryRequest) -> DeliveryOutcome {
        DeliveryOutcome::Delivered(None)
    }

    async fn probe(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

fn config(tables: &str, folder: &Path) -> MonitorConfig {
    parse(tables, &ConfigEnvironment::with(&[], folder.to_path_buf()), minute(0)).expect("a valid configuration")
}

/// Runs the daemon over the story from one minute to another.
async fn run(folder: &Path, from: i64, to: i64) {
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(minute(from)));
    let config = config(CONFIG, folder);
    let receiver: Arc<dyn Receiver> = Arc::new(Deaf);
    let slot = |name, every| SourceSlot::new(Box::new(Story(name)), Schedule::Every(Span::minutes(every)), None);
    let parts = DaemonParts {
        store: Store::open(&config.store.path, Durability::None).await.expect("the store"),
        meter: Arc::new(CallMeter::new(
            PriceTable::built_in().expect("the prices"),
            config.aws.max_monthly_usd,
            Arc::clone(&clock),
        )),
        clock,
        book: config.rulebook(),
        heart: None,
        monthly: None,
        slots: vec![slot("watch.logs", 1), slot("watch.metrics", 5)],
        receivers: BTreeMap::from([("team".to_owned(), receiver)]),
        keep: TimeDelta::days(400),
        keep_minutes: TimeDelta::days(35),
        window: TimeDelta::hours(26),
        write_every: TimeDelta::seconds(30),
        random: fastrand::Rng::with_seed(1),
        pulse: Box::new(NoWatchdog),
    };
    Daemon::new(parts).await.expect("a daemon").run(StopCondition::Instant(minute(to))).await.expect("a good end");
}

async fn rehearsed(folder: &Path, tables: &str, from: i64, to: i64) -> RehearsalResult {
    let scratch = TempDir::new().expect("a folder");
    let period = TimeRange { from: minute(from), to: minute(to) };
    rehearse(&config(tables, folder), &folder.join("monitor.db"), period, scratch.path(), Box::new(|_| ()))
        .await
        .expect("a rehearsal")
}

/// What was said, with the minute.
fn said(all: &[DeliveryRecord]) -> Vec<String> {
    all.iter()
        .map(|said| format!("{} {} {}", (said.at - minute(0)).num_minutes(), said.rule, said.event.word()))
        .collect()
}

/// The whole story, with an hour in which the daemon does not run.
async fn told() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    run(folder.path(), 0, 800).await;
    run(folder.path(), 860, 1000).await;
    folder
}

#[tokio::test]
async fn failures_silence_metrics_and_faults_are_told_again_as_they_were() {
    let folder = told().await;
    let rehearsed = rehearsed(folder.path(), CONFIG, 0, 1000).await;
    let expected = [
        "120 blind firing",
        "160 blind resolved",
        // Told as a part of the other one, and over with it.
        "160 quiet missed",
        "300 blind firing",
        "310 blind resolved",
        "400 oom firing",
        "411 oom resolved",
        "600 oom firing",
        "611 oom resolved",
        "705 throttled firing",
        "720 throttled resolved",
        // A daemon that comes back after an hour judges when the first answer is there: that it was away is no silence.
    ];
    let was = said(&rehearsed.was_sent);
    assert_eq!(
        was.len(),
        matched(&rehearsed.would_send, &rehearsed.was_sent).len(),
        "{:#?}\n{was:#?}",
        said(&rehearsed.would_send)
    );
    assert_eq!(was.len(), rehearsed.would_send.len());
    assert_eq!(was, expected);
    let (stopped, started) = rehearsed.gaps[0];
    assert!(minute(800) - stopped < TimeDelta::minutes(1) && started == minute(860), "{:?}", rehearsed.gaps);
    let named: Vec<_> = rehearsed.not_rehearsable.iter().map(|not| not.rule.as_str()).collect();
    assert_eq!((named, rehearsed.mute), (vec!["receiver-failing"], Vec::<String>::new()));
}

#[tokio::test]
async fn a_longer_patience_and_a_lower_limit_show_what_they_change() {
    let folder = told().await;
    let tables = CONFIG
        .replace("patience = \"20m\"", "patience = \"2h\"")
        .replace("longer_than = \"30m\"", "longer_than = \"50m\"");
    let would = said(&rehearsed(folder.path(), &tables, 0, 400).await.would_send);
    assert_eq!(would, ["150 quiet firing", "161 quiet resolved", "301 blind firing", "311 blind resolved"]);
    let short =
        rehearsed(folder.path(), &CONFIG.replace("longer_than = \"30m\"", "longer_than = \"15m\""), 0, 100).await;
    assert_eq!(
        (short.would_send, short.not_rehearsable[0].why.as_str()),
        (vec![], "gaps of up to 15 min between answers are not recorded")
    );
    let tables = CONFIG.replace("above = 30", "above = 100").replace("[\"oom\"]", "[\"import_error\"]");
    let silent = said(&rehearsed(folder.path(), &tables, 350, 1000).await.would_send);
    assert_eq!(silent, Vec::<String>::new(), "that the daemon was away is no silence of what it watches");
}

#[tokio::test]
async fn what_was_not_kept_is_named_and_never_taken_for_clear() {
    // As a store that an older version wrote: faults, but no sign of anything.
    let folder = TempDir::new().expect("a folder");
    let store = Store::open(&folder.path().join("monitor.db"), Durability::None).await.expect("the store");
    let mut observations = Vec::new();
    for at in FAULTS {
        observations.extend(
            Story("watch.logs")
                .poll(minute(at))
                .await
                .observations
                .into_iter()
                .filter(|seen| matches!(seen.what, ObservationBody::Fault(_))),
        );
    }
    store.commit(&Commit { observations, ..Commit::default() }).await.expect("a commit");
    store.close().await;
    let tables = CONFIG.replace("causes = [\"oom\"] }", "causes = [\"oom\"], within = \"1h\" }");
    let rehearsed = rehearsed(folder.path(), &tables, 350, 1000).await;
    // Nothing says that the log was read between the faults, so the incident of the first goes on, and nobody is
    // reminded of it.
    let oom = ["400 oom firing", "430 oom reminder", "600 oom reminder", "630 oom reminder"];
    assert_eq!(said(&rehearsed.would_send), oom);
    let named: Vec<_> = rehearsed.not_rehearsable.iter().map(|not| (not.rule.as_str(), not.until)).collect();
    assert_eq!(named, [("blind", None), ("quiet", None), ("receiver-failing", None), ("throttled", None)]);
    assert_eq!(rehearsed.mute, ["blind", "quiet", "throttled"]);
}

#[tokio::test]
async fn whoever_took_care_of_an_incident_does_so_again() {
    let folder = TempDir::new().expect("a folder");
    let tables = CONFIG.replace("causes = [\"oom\"] }", "causes = [\"oom\"], within = \"3h\" }");
    run(folder.path(), 390, 500).await;
    let without = rehearsed(folder.path(), &tables, 390, 500).await;
    assert_eq!(
        said(&without.would_send),
        ["400 oom firing", "430 oom reminder", "460 oom reminder", "490 oom reminder"]
    );
    let store = Store::open_for_orders(&folder.path().join("monitor.db")).await.expect("the store");
    let incident = Store::open_at(&store, minute(405)).await.expect("the incidents").remove(0).0.id;
    store
        .acknowledge(&incident, Some(&Acknowledgement { author: "me".into(), at: minute(440), note: String::new() }))
        .await
        .expect("an acknowledgement");
    store.close().await;
    let with = rehearsed(folder.path(), &tables, 390, 500).await;
    assert_eq!(said(&with.would_send), ["400 oom firing", "430 oom reminder"]);
}
