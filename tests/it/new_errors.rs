//! A new error on its way through the loop, over a real store that outlives the daemon.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use alerting::observation::{Observation, ObservationBody, ReadUpTo};
use async_trait::async_trait;
use aws::meter::CallMeter;
use aws::prices::PriceTable;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{Daemon, DaemonParts, NoWatchdog, SourceSlot, StopCondition};
use notify::{DeliveryOutcome, DeliveryRequest, Receiver};
use source::{PollOutput, Source};
use store::{Durability, Store};
use tempfile::TempDir;

const CONFIG: &str = "[watch.logs]
every = \"1m\"
read.lambda_logs = { functions = [\"shop\"] }
[alert.new]
when.new_error = { within = \"1h\" }
tell = [\"team\"]
[receiver.team]
via.stdout = {}";

/// A function whose log shows each error at its minute.
struct Shop {
    start: DateTime<Utc>,
    errors: &'static [(i64, &'static str)],
    read_to: DateTime<Utc>,
}

#[async_trait]
impl Source for Shop {
    fn name(&self) -> &str {
        "watch.logs"
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let mut gathered = PollOutput::default();
        let mut saw =
            |at, what| gathered.observations.push(Observation { at, seen: now, source: "watch.logs".into(), what });
        for (minute, fingerprint) in self.errors {
            let at = self.start + TimeDelta::minutes(*minute);
            if self.read_to < at && at <= now {
                let fault = FailedInvocation {
                    own: None,
                    function: "shop".into(),
                    cause: Cause::RuntimeExit,
                    confidence: Confidence::Proved,
                    request_id: None,
                    finding: "It is so.".into(),
                    evidence: vec![(*fingerprint).into()],
                    also: vec![],
                    fingerprint: Some((*fingerprint).into()),
                };
                saw(at, ObservationBody::Fault(fault));
            }
        }
        self.read_to = now;
        saw(now, ObservationBody::ReadUpTo(ReadUpTo { function: "shop".into() }));
        saw(now, ObservationBody::Answered);
        gathered
    }
}

/// Keeps what it is told, with the minute.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(i64, String)>>>);

#[async_trait]
impl Receiver for Told {
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome {
        self.0.lock().expect("the list").push((parcel.message.at.timestamp() / 60, parcel.message.title()));
        DeliveryOutcome::Delivered(None)
    }

    async fn probe(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

/// Runs a daemon on the store in `folder` from one minute to another.
async fn run(folder: &Path, told: &Told, errors: &'static [(i64, &'static str)], from: i64, to: i64) {
    let minute = |minute| DateTime::from_timestamp(minute * 60, 0).expect("a time");
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(minute(from)));
    let config: MonitorConfig = parse(CONFIG, &ConfigEnvironment::with(&[], folder.to_path_buf()), minute(from))
        .expect("a valid configuration");
    let shop = || Shop { start: minute(0), errors, read_to: minute(from) };
    let receiver: Arc<dyn Receiver> = Arc::new(told.clone());
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
        slots: config
            .watches
            .into_iter()
            .map(|watch| SourceSlot::new(Box::new(shop()), watch.schedule, None))
            .collect(),
        receivers: BTreeMap::from([("team".to_owned(), receiver)]),
        keep: TimeDelta::days(1),
        keep_minutes: TimeDelta::hours(1),
        window: TimeDelta::hours(1),
        write_every: TimeDelta::hours(1),
        random: fastrand::Rng::with_seed(1),
        pulse: Box::new(NoWatchdog),
    };
    Daemon::new(parts).await.expect("a daemon").run(StopCondition::Instant(minute(to))).await.expect("a good end");
}

#[tokio::test]
async fn an_error_is_told_the_first_time_ever_and_not_when_it_comes_again_days_later() {
    const ERRORS: &[(i64, &str)] = &[(10, "A"), (12, "B"), (13, "C"), (50, "A"), (8000, "A"), (8010, "D"), (8040, "A")];
    let folder = TempDir::new().expect("a folder");
    let told = Told::default();
    // The daemon is stopped twice, once in the middle of the incident and once for days; its single observations are
    // dropped meanwhile.
    for (from, to) in [(0, 15), (15, 200), (7900, 8200)] {
        run(folder.path(), &told, ERRORS, from, to).await;
    }
    let expected = [
        (10, "[warning] shop: a new error: A"),
        (20, "[warning] shop: 3 new errors, the latest: C"),
        (74, "[resolved] shop: 3 new errors, the latest: C"),
        (8010, "[warning] shop: a new error: D"),
        (8071, "[resolved] shop: a new error: D"),
    ];
    assert_eq!(*told.0.lock().expect("the list"), expected.map(|(minute, title)| (minute, title.to_owned())));
}
