//! Weeks of the daemon with `every = "auto"`, on a simulated clock, against environments that live as AWS's were measured
//! to: the daemon sees only what the log and the answers to its pings show.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alerting::observation::ObservationBody;
use alerting::warm_day::{PingStopReason, WarmDay};
use async_trait::async_trait;
use aws::recorded::Recording;
use aws::{
    AwsClients, InvokeResponse, LambdaApi, LambdaFunctionSettings, LogClass, LogEvent, LogGroup, LogsApi,
    ProvisionedConcurrency, ResultPage,
};
use chrono::{DateTime, Datelike, TimeDelta, Utc, Weekday};
use clock::{Clock, SimulatedClock};
use model::call_failure::{CallFailure, FailureKind};
use model::span::Span;
use monitor::app;
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{NoWatchdog, StopCondition};
use store::{Durability, Store};
use tempfile::TempDir;
use warmth::chance::Chance;
use warmth::fleet::Fleet;
use warmth::regime::{Regime, Year};

/// An event becomes visible so long after it was written.
const VISIBLE_AFTER_MS: i64 = 15_000;
const START: &str = "2026-01-05T00:00:00Z";
const TABLES: &str = r#"
[aws]
region = "us-east-1"
[watch.logs]
every = "1m"
read.lambda_logs = { functions = ["backend"] }
[warm.backend]
every = "auto"
max_cold = "1%"
function = "backend"
[receiver.me]
via.stdout = {}
"#;

/// What the account is like.
struct Account {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    regime: Regime,
    fleet: Fleet,
    chance: Chance,
    /// Calls of users that are to come, in milliseconds.
    calls: VecDeque<i64>,
    log: BTreeMap<(i64, u32), LogEvent>,
    requests: u32,
    /// How many pings began at the same moment, at most, and how many there were.
    pings: BTreeMap<i64, u32>,
    limit: u32,
    /// Start-up takes longer than the function may run.
    stuck: bool,
    /// Every ping is refused.
    throttled: bool,
}

impl State {
    fn log(&mut self, at_ms: i64, stream: &str, message: String) {
        let number = self.log.len() as u32 + self.requests;
        self.log.insert((at_ms, number), LogEvent { stream: stream.to_owned(), at_ms, id: None, message });
    }

    /// One invocation: lines in the log, and the same for the caller.
    fn invoke(&mut self, now_ms: i64, busy_ms: i64) -> InvokeResponse {
        self.requests += 1;
        let id = format!("{:08x}-1111-4111-8111-{:012x}", self.requests, self.requests);
        let answered = self.fleet.invoke(now_ms, busy_ms, 500, &self.regime, &mut self.chance);
        let stream = format!("2026/01/05/[$LATEST]{:032x}", answered.environment);
        if self.stuck {
            // The environment is thrown away.
            self.fleet.deploy(now_ms);
            let time = DateTime::from_timestamp_millis(now_ms + 30_000).expect("a time").format("%FT%T%.3fZ");
            let lines = [
                (
                    0,
                    "INIT_START Runtime Version: python:3.9.v64\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:x"
                        .to_owned(),
                ),
                (10_000, format!("START RequestId: {id} Version: $LATEST")),
                (10_001, "Instancing..".to_owned()),
                (30_000, format!("{time} {id} Task timed out after 30.03 seconds")),
                (30_000, format!("END RequestId: {id}")),
                (
                    30_000,
                    format!(
                        "REPORT RequestId: {id}\tDuration: 30030.00 ms\tBilled Duration: 30000 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB"
                    ),
                ),
            ];
            let tail: Vec<String> = lines.iter().skip(1).map(|(_, line)| line.clone()).collect();
            for (after, line) in lines {
                self.log(now_ms + after, &stream, line);
            }
            return InvokeResponse {
                function_error: Some("Unhandled".to_owned()),
                payload: format!(r#"{{"errorMessage":"{time} {id} Task timed out after 30.03 seconds"}}"#),
                log_tail: tail.join("\n"),
            };
        }
        let start_ms = now_ms + if answered.cold.is_some() { 500 } else { 0 };
        let init = if answered.cold.is_some() { "\tInit Duration: 500.00 ms" } else { "" };
        let took = answered.end_ms - start_ms;
        let lines = [
            (start_ms, format!("START RequestId: {id} Version: $LATEST")),
            (answered.end_ms, format!("END RequestId: {id}")),
            (
                answered.end_ms,
                format!(
                    "REPORT RequestId: {id}\tDuration: {took}.00 ms\tBilled Duration: {took} ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB{init}"
                ),
            ),
        ];
        let tail: Vec<String> = lines.iter().map(|(_, line)| line.clone()).collect();
        for (at_ms, line) in lines {
            self.log(at_ms, &stream, line);
        }
        InvokeResponse { function_error: None, payload: "\"ok\"".to_owned(), log_tail: tail.join("\n") }
    }

    fn catch_up(&mut self, now_ms: i64) {
        while let Some(at_ms) = self.calls.pop_front_if(|at_ms| *at_ms <= now_ms) {
            self.invoke(at_ms, 250);
        }
        let old = now_ms - 3 * 3_600_000;
        self.log = self.log.split_off(&(old, 0));
    }
}

impl Account {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LambdaApi for Account {
    async fn list(&self, _token: Option<&str>) -> Result<ResultPage<LambdaFunctionSettings>, CallFailure> {
        let function = LambdaFunctionSettings {
            name: "backend".to_owned(),
            memory_mb: 512,
            arm64: false,
            log_group: None,
            modified: None,
        };
        Ok(ResultPage { items: vec![function], next: None })
    }

    async fn invoke(&self, function: &str, _payload: &str, _give_up: Span) -> Result<InvokeResponse, CallFailure> {
        let now_ms = self.clock.now().timestamp_millis();
        let mut state = self.state();
        state.catch_up(now_ms);
        *state.pings.entry(now_ms).or_default() += 1;
        if state.throttled {
            return Err(CallFailure {
                call: "lambda:InvokeFunction".to_owned(),
                resource: function.to_owned(),
                kind: FailureKind::Throttled,
                said: "Rate Exceeded.".to_owned(),
                next_step: "wait".to_owned(),
            });
        }
        let at_once = state.pings.get(&now_ms).copied().unwrap_or(0);
        Ok(state.invoke(now_ms, 80 + 10 * i64::from(at_once)))
    }

    async fn may_invoke(&self, _function: &str) -> Result<(), CallFailure> {
        Ok(())
    }

    async fn concurrency_limit(&self) -> Result<u32, CallFailure> {
        Ok(self.state().limit)
    }

    async fn provisioned(&self, _function: &str) -> Result<Vec<ProvisionedConcurrency>, CallFailure> {
        Ok(vec![])
    }

    async fn memory_mb(&self, _function: &str, _qualifier: &str) -> Result<u32, CallFailure> {
        Ok(512)
    }
}

#[async_trait]
impl LogsApi for Account {
    async fn log_groups(&self, _prefix: &str, _token: Option<&str>) -> Result<ResultPage<LogGroup>, CallFailure> {
        let group = LogGroup { name: "/aws/lambda/backend".to_owned(), ..LogGroup::default() };
        Ok(ResultPage { items: vec![group], next: None })
    }

    async fn log_groups_of(&self, _: LogClass, _token: Option<&str>) -> Result<ResultPage<String>, CallFailure> {
        Ok(ResultPage { items: vec![], next: None })
    }

    async fn events(
        &self,
        _group: &str,
        from_ms: i64,
        to_ms: i64,
        _token: Option<&str>,
    ) -> Result<ResultPage<LogEvent>, CallFailure> {
        let now_ms = self.clock.now().timestamp_millis();
        let mut state = self.state();
        state.catch_up(now_ms);
        let visible = to_ms.min(now_ms - VISIBLE_AFTER_MS);
        let items = if visible < from_ms {
            vec![]
        } else {
            state.log.range((from_ms, 0)..=(visible, u32::MAX)).map(|(_, event)| event.clone()).collect()
        };
        Ok(ResultPage { items, next: None })
    }
}

/// A daemon and its account.
struct Weeks {
    folder: TempDir,
    now: DateTime<Utc>,
    account: Option<State>,
    /// Pings by moment.
    pings: BTreeMap<i64, u32>,
    failing: Vec<String>,
    tables: String,
}

impl Weeks {
    /// A function that is called by chance, so many minutes apart.
    fn of(year: Year, minutes_apart: f64, days: i64) -> Self {
        let now: DateTime<Utc> = START.parse().expect("a time");
        let mut chance = Chance::new(3, "users");
        let (mut at_ms, mut calls) = (now.timestamp_millis(), VecDeque::new());
        let end = at_ms + days * 86_400_000;
        while minutes_apart > 0.0 && at_ms < end {
            at_ms += (-(1.0 - chance.share()).ln() * minutes_apart * 60_000.0) as i64;
            calls.push_back(at_ms);
        }
        let state = State {
            regime: year.regime(),
            fleet: Fleet::new(0),
            chance: Chance::new(11, "aws"),
            calls,
            log: BTreeMap::new(),
            requests: 0,
            pings: BTreeMap::new(),
            limit: 1_000,
            stuck: false,
            throttled: false,
        };
        let folder = TempDir::new().expect("a folder");
        Self { folder, now, account: Some(state), pings: BTreeMap::new(), failing: vec![], tables: TABLES.to_owned() }
    }

    fn state(&mut self) -> &mut State {
        self.account.as_mut().expect("an account that is not in use")
    }

    /// Runs the daemon for so long, then stops it; the next call starts it again on the same store.
    async fn run(&mut self, length: TimeDelta) {
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(self.now));
        let rest = Recording::parse("region = \"us-east-1\"\nbill = []\n").expect("a recording");
        let rest = rest.account(Arc::clone(&clock), self.now);
        let account = Arc::new(Account {
            clock: Arc::clone(&clock),
            state: Mutex::new(self.account.take().expect("an account")),
        });
        let clients = AwsClients { logs: account.clone(), functions: account.clone(), ..rest };
        let environment = ConfigEnvironment::with(&[], self.folder.path().to_path_buf());
        let config = parse(&self.tables, &environment, self.now).expect("a valid configuration");
        let daemon = app::daemon(
            config,
            std::future::ready(clients),
            clock,
            Durability::None,
            fastrand::Rng::with_seed(7),
            Box::new(NoWatchdog),
        )
        .await
        .expect("a daemon");
        self.now += length;
        let summary = daemon.run(StopCondition::Instant(self.now)).await.expect("a good end");
        self.failing = summary.failed_sources.into_iter().map(|(name, why)| format!("{name}: {why}")).collect();
        let account = Arc::try_unwrap(account).ok().expect("nobody else holds the account");
        let mut state = account.state.into_inner().expect("the account");
        self.pings.append(&mut state.pings);
        self.account = Some(state);
    }

    /// What was told, as text.
    async fn told(&self) -> Vec<String> {
        let store = Store::open_read_only(&self.folder.path().join("monitor.db")).await.expect("the store");
        let told = store.told_between(START.parse().expect("a time"), self.now).await.expect("what was told");
        told.iter().map(|told| format!("{:?}", told.message)).collect()
    }

    /// The last word on each day.
    async fn days(&self) -> Vec<(DateTime<Utc>, WarmDay)> {
        let store = Store::open_read_only(&self.folder.path().join("monitor.db")).await.expect("the store");
        let mut days = BTreeMap::new();
        for seen in store.seen_between(START.parse().expect("a time"), self.now).await.expect("what was seen") {
            if let ObservationBody::WarmDay(day) = seen.what {
                days.insert(seen.at, day);
            }
        }
        days.into_iter().collect()
    }
}

/// A month of a function that is called three times an hour; the daemon is stopped and started once a week.
async fn check_month(year: Year, most_pings_a_day: u32) {
    let mut weeks = Weeks::of(year, 20.0, 28);
    for _ in 0..4 {
        weeks.run(TimeDelta::days(7)).await;
    }
    let days = weeks.days().await;
    assert!(days.len() >= 27, "{year:?}: {}", days.len());
    let calls: u32 = days.iter().map(|(_, day)| day.calls - day.test_calls).sum();
    let cold: u32 = days.iter().map(|(_, day)| day.cold() - day.test_cold).sum();
    let pings: u32 = days.iter().map(|(_, day)| day.pings).sum();
    let without: u32 = days.iter().filter_map(|(_, day)| day.without_pings).sum();
    let promised: Vec<&WarmDay> =
        days.iter().filter(|(at, day)| at.weekday() == Weekday::Sun && day.promised).map(|(_, day)| day).collect();
    let kept = promised.iter().filter(|day| day.week_cold * 100 <= day.week_calls).count();
    println!(
        "{year:?}: {cold} of {calls} calls cold, {without} without pings, {} pings a day, {kept} of {} promises kept",
        pings / 28,
        promised.len()
    );
    assert!(calls > 1_500 && cold * 100 <= calls, "{year:?}: {cold} of {calls}");
    assert!(pings / 28 <= most_pings_a_day, "{year:?}: {pings}");
    assert!(promised.len() >= 2 && kept == promised.len(), "{year:?}: {kept} of {}", promised.len());
    assert!(without > 20 * cold, "{year:?}: {without} {cold}");
    let sent: u32 = weeks.pings.values().sum();
    // What was counted last before a stop is told again after the start.
    assert!(pings.abs_diff(sent) * 50 <= sent, "{year:?}: {pings} told, {sent} sent");
}

#[tokio::test]
async fn a_month_of_2019_stays_within_the_target() {
    check_month(Year::Y2019, 300).await;
}

#[tokio::test]
async fn a_month_of_2020_stays_within_the_target() {
    check_month(Year::Y2020, 300).await;
}

#[tokio::test]
async fn a_month_of_2021_stays_within_the_target() {
    check_month(Year::Y2021, 500).await;
}

#[tokio::test]
async fn a_function_whose_every_ping_times_out_in_start_up_is_left_alone_and_start_up_comes_first() {
    let mut weeks = Weeks::of(Year::Y2020, 0.0, 2);
    weeks.state().stuck = true;
    weeks.run(TimeDelta::days(2)).await;
    let sent: u32 = weeks.pings.values().sum();
    assert!((8..=14).contains(&sent), "three, and then one every six hours: {:?}", weeks.pings);
    let days = weeks.days().await;
    assert!(days.iter().all(|(_, day)| day.stopped == Some(PingStopReason::StartUp) && !day.promised), "{days:?}");
    assert!(weeks.failing.iter().any(|why| why.contains("start-up was still running")), "{:?}", weeks.failing);
    let told = weeks.told().await;
    assert!(told.len() == 1 && told[0].contains("mend the start-up first"), "{told:?}");
}

#[tokio::test]
async fn a_refused_ping_is_not_repeated_every_minute() {
    let mut weeks = Weeks::of(Year::Y2020, 20.0, 1);
    weeks.state().throttled = true;
    weeks.run(TimeDelta::days(1)).await;
    assert!((30..70).contains(&weeks.pings.len()), "{}", weeks.pings.len());
}

#[tokio::test]
async fn an_account_of_ten_gives_pings_one_place() {
    let mut weeks = Weeks::of(Year::Y2020, 20.0, 2);
    weeks.state().limit = 10;
    weeks.run(TimeDelta::days(2)).await;
    assert!(weeks.pings.len() > 150, "{}", weeks.pings.len());
    assert!(weeks.pings.values().all(|at_once| *at_once == 1), "{:?}", weeks.pings);
}

#[tokio::test]
async fn functions_that_are_due_at_once_are_pinged_one_after_the_other() {
    let mut weeks = Weeks::of(Year::Y2020, 0.0, 1);
    let table = |name: &str| format!("[warm.{name}]\nevery = \"5m\"\nfunction = \"backend:{name}\"\nconcurrency = 2\n");
    weeks.tables = format!("[receiver.me]\nvia.stdout = {{}}\n{}", ["a", "b", "c"].map(table).concat());
    weeks.run(TimeDelta::hours(2)).await;
    let moments: Vec<i64> = weeks.pings.keys().copied().collect();
    assert!(moments.len() >= 3 * 24, "{moments:?}");
    assert!(weeks.pings.values().all(|at_once| *at_once == 2), "{:?}", weeks.pings);
    assert!(moments.windows(2).all(|two| two[1] - two[0] >= 200), "{moments:?}");
}
