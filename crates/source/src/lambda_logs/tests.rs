mod groups;

use std::sync::{Arc, Mutex, PoisonError};

use aws::budget::RateLimiter;
use aws::recorded::Recording;
use aws::resolve::{LogDestination, default_function};
use aws::{
    InvokeResponse, LambdaApi, LambdaFunctionSettings, LogClass, LogEvent, LogGroup, LogsApi, ProvisionedConcurrency,
    ResultPage,
};
use clock::{Clock, SimulatedClock};
use model::call_failure::{CallFailure, FailureKind};

use super::follow::BEHIND;
use super::*;

const START: &str = "2026-03-01T12:00:00Z";

/// Log groups whose events are there at once, and a list of every call.
struct Scripted {
    clock: Arc<SimulatedClock>,
    /// By name.
    groups: Mutex<BTreeMap<String, Vec<LogEvent>>>,
    /// Functions with the groups they are configured with.
    functions: Mutex<Result<Vec<(String, String)>, FailureKind>>,
    /// Groups of another class than the standard one.
    classes: BTreeMap<String, LogClass>,
    page: usize,
    calls: Mutex<Vec<(DateTime<Utc>, String)>>,
    /// How the next calls fail, in order of the calls.
    failing: Mutex<Vec<Option<FailureKind>>>,
}

#[async_trait]
impl LogsApi for Scripted {
    async fn log_groups(&self, prefix: &str, _token: Option<&str>) -> Result<ResultPage<LogGroup>, CallFailure> {
        let groups = self.groups.lock().unwrap();
        let group = |name: &String| LogGroup {
            name: name.clone(),
            class: self.classes.get(name).copied(),
            ..LogGroup::default()
        };
        Ok(ResultPage { items: groups.keys().filter(|name| name.starts_with(prefix)).map(group).collect(), next: None })
    }

    async fn log_groups_of(&self, _class: LogClass, _token: Option<&str>) -> Result<ResultPage<String>, CallFailure> {
        Ok(ResultPage { items: vec![], next: None })
    }

    async fn events(
        &self,
        group: &str,
        from_ms: i64,
        to_ms: i64,
        token: Option<&str>,
    ) -> Result<ResultPage<LogEvent>, CallFailure> {
        let short = default_function(group).unwrap_or(group).to_owned();
        self.calls.lock().unwrap().push((self.clock.now(), short));
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = if failing.is_empty() { None } else { failing.remove(0) };
        let refused = self.classes.contains_key(group).then_some(FailureKind::Refused);
        let groups = self.groups.lock().unwrap();
        let absent = (!groups.contains_key(group)).then_some(FailureKind::NotFound);
        if let Some(kind) = failure.or(refused).or(absent) {
            return Err(failed(CALL, group, kind));
        }
        let question = format!("{from_ms}-{to_ms}/");
        let first: usize =
            token.map_or(0, |token| token.strip_prefix(&question).expect("a token of this question").parse().unwrap());
        let events = &groups[group];
        let (begin, end) = (
            events.partition_point(|event| event.at_ms < from_ms),
            events.partition_point(|event| event.at_ms <= to_ms),
        );
        let all = &events[begin..end];
        let next = (first + self.page < all.len()).then(|| format!("{question}{}", first + self.page));
        Ok(ResultPage { items: all.iter().skip(first).take(self.page).cloned().collect(), next })
    }
}

fn failed(call: &str, resource: &str, kind: FailureKind) -> CallFailure {
    CallFailure {
        call: call.to_owned(),
        resource: resource.to_owned(),
        kind,
        said: "no".to_owned(),
        next_step: String::new(),
    }
}

#[async_trait]
impl LambdaApi for Scripted {
    async fn list(&self, _token: Option<&str>) -> Result<ResultPage<LambdaFunctionSettings>, CallFailure> {
        let functions = self.functions.lock().unwrap().clone();
        let functions = functions.map_err(|kind| failed("lambda:ListFunctions", "the region's functions", kind))?;
        let settings = |(name, group): (String, String)| LambdaFunctionSettings {
            name,
            memory_mb: 128,
            arm64: false,
            log_group: Some(group),
            modified: None,
        };
        Ok(ResultPage { items: functions.into_iter().map(settings).collect(), next: None })
    }

    async fn invoke(&self, _: &str, _: &str, _: Span) -> Result<InvokeResponse, CallFailure> {
        panic!("no test asks for this")
    }

    async fn may_invoke(&self, _: &str) -> Result<(), CallFailure> {
        panic!("no test asks for this")
    }

    async fn concurrency_limit(&self) -> Result<u32, CallFailure> {
        panic!("no test asks for this")
    }

    async fn provisioned(&self, _: &str) -> Result<Vec<ProvisionedConcurrency>, CallFailure> {
        panic!("no test asks for this")
    }

    async fn memory_mb(&self, _: &str, _: &str) -> Result<u32, CallFailure> {
        panic!("no test asks for this")
    }
}

/// A report line every `every_ms` milliseconds from so many minutes before the start to so many after it.
fn reports(from_minutes: i64, to_minutes: i64, every_ms: i64) -> Vec<LogEvent> {
    let start: DateTime<Utc> = START.parse().unwrap();
    let times = (from_minutes * 60_000 / every_ms..to_minutes * 60_000 / every_ms)
        .map(|n| start.timestamp_millis() + n * every_ms);
    let line = |at: i64| {
        format!(
            "REPORT RequestId: e11db634-ef8a-4258-9d46-{at:012}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"
        )
    };
    times.map(|at_ms| LogEvent { stream: "s".to_owned(), at_ms, id: None, message: line(at_ms) }).collect()
}

struct Reading {
    clock: Arc<SimulatedClock>,
    logs: Arc<Scripted>,
    account: AwsClients,
    source: Box<dyn Source>,
    due: DateTime<Utc>,
    cursors: BTreeMap<String, String>,
    /// Invocations.
    counted: u64,
    /// The same by function.
    of: BTreeMap<String, u64>,
    /// The functions that failed, with why.
    faults: Vec<(String, String)>,
    /// Up to when each function has been read.
    read_up_to: BTreeMap<String, DateTime<Utc>>,
    patterns: Vec<&'static str>,
    overlap: Span,
    failures: Vec<(DateTime<Utc>, CallFailure)>,
    answered: u32,
}

impl Reading {
    /// Functions with the groups by default.
    fn of(groups: &[(&str, Vec<LogEvent>)], page: usize) -> Self {
        let group = |(name, events): &(&str, Vec<LogEvent>)| (LogDestination::by_default(name).group, events.clone());
        let functions = groups.iter().map(|(name, _)| (*name, LogDestination::by_default(name).group)).collect();
        Self::with(groups.iter().map(group).collect(), Ok(functions), &["*"], page, &[])
    }

    fn with(
        groups: BTreeMap<String, Vec<LogEvent>>,
        functions: Result<Vec<(&str, String)>, FailureKind>,
        patterns: &[&'static str],
        page: usize,
        classes: &[(&str, LogClass)],
    ) -> Self {
        let clock = Arc::new(SimulatedClock::starting_at(START.parse().unwrap()));
        let functions = functions.map(|all| all.into_iter().map(|(name, group)| (name.to_owned(), group)).collect());
        let logs = Arc::new(Scripted {
            clock: Arc::clone(&clock),
            groups: Mutex::new(groups),
            functions: Mutex::new(functions),
            classes: classes.iter().map(|(name, class)| ((*name).to_owned(), *class)).collect(),
            page,
            calls: Mutex::default(),
            failing: Mutex::default(),
        });
        let recording = Recording::parse("region = \"r\"\nbill = []\n").unwrap();
        let log_budget = Arc::new(RateLimiter::new(2, clock.clone()));
        let account = AwsClients {
            logs: logs.clone(),
            functions: logs.clone(),
            log_budget,
            ..recording.account(clock.clone(), clock.now())
        };
        let overlap = Span::minutes(2);
        let source = made(&account, patterns, overlap, BTreeMap::new());
        let due = clock.now();
        Self {
            clock,
            logs,
            account,
            source,
            due,
            cursors: BTreeMap::new(),
            counted: 0,
            of: BTreeMap::new(),
            faults: vec![],
            read_up_to: BTreeMap::new(),
            patterns: patterns.to_vec(),
            overlap,
            failures: vec![],
            answered: 0,
        }
    }

    fn restart(&mut self) {
        self.source = made(&self.account, &self.patterns, self.overlap, self.cursors.clone());
        self.due = self.clock.now();
    }

    /// Polls every half minute for so long, and commits at once.
    async fn run(&mut self, length: TimeDelta) {
        let end = self.clock.now() + length;
        let mut go_on: Option<DateTime<Utc>> = None;
        while self.clock.now() < end {
            let now = self.clock.now();
            let gathered = if self.due <= now {
                self.due = now + TimeDelta::seconds(30);
                self.source.poll(now).await
            } else {
                self.source.go_on(now).await
            };
            go_on = gathered.go_on_at.or(go_on.filter(|at| *at > now));
            self.cursors.extend(gathered.cursors);
            for observation in gathered.observations {
                match observation.what {
                    ObservationBody::Tally(tally) => {
                        self.counted += tally.invocations;
                        *self.of.entry(tally.function.clone()).or_default() += tally.invocations;
                    }
                    ObservationBody::Fault(fault) => {
                        self.faults.push((fault.function.clone(), format!("{:?}", fault.cause)));
                    }
                    ObservationBody::ReadUpTo(read) => {
                        self.read_up_to.insert(read.function, observation.at);
                    }
                    ObservationBody::Failed(failure) => self.failures.push((now, failure)),
                    ObservationBody::Answered => self.answered += 1,
                    _ => {}
                }
            }
            self.clock.wait_until(go_on.map_or(self.due, |at| at.min(self.due)), false).await;
        }
    }

    fn calls(&self) -> Vec<(DateTime<Utc>, String)> {
        self.logs.calls.lock().unwrap().clone()
    }

    /// The longest time between two calls for a function.
    fn longest_wait(&self, function: &str) -> i64 {
        let times: Vec<DateTime<Utc>> =
            self.calls().into_iter().filter(|(_, called)| called == function).map(|(at, _)| at).collect();
        times.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).max().unwrap_or(0)
    }
}

fn made(account: &AwsClients, patterns: &[&str], overlap: Span, cursors: BTreeMap<String, String>) -> Box<dyn Source> {
    let settings = LambdaLogs {
        functions: patterns.iter().map(|pattern| pattern.parse().unwrap()).collect(),
        overlap,
        causes: Causes::built_in(),
        look_back: Span::hours(6),
    };
    let mut source = settings.source("watch.logs".to_owned(), account);
    source.restore(cursors);
    Box::new(source)
}

#[tokio::test]
async fn fifty_groups_need_no_more_than_two_calls_a_second_and_the_quiet_ones_are_asked_within_two_minutes() {
    let names: Vec<String> = (0..50).map(|n| format!("f{n:02}")).collect();
    let groups: Vec<(&str, Vec<LogEvent>)> = names
        .iter()
        .enumerate()
        .map(|(n, name)| (name.as_str(), if n < 5 { reports(0, 60, 1000) } else { vec![] }))
        .collect();
    let mut reading = Reading::of(&groups, 10_000);
    reading.run(TimeDelta::hours(1)).await;
    let mut seconds: BTreeMap<i64, u32> = BTreeMap::new();
    reading.calls().iter().for_each(|(at, _)| *seconds.entry(at.timestamp()).or_default() += 1);
    assert_eq!(seconds.values().max(), Some(&2));
    assert!(reading.longest_wait("f00") <= 45, "busy: {}", reading.longest_wait("f00"));
    assert!(reading.longest_wait("f49") <= 105, "quiet: {}", reading.longest_wait("f49"));
    let (busy, quiet) = (
        reading.calls().iter().filter(|(_, f)| f == "f00").count(),
        reading.calls().iter().filter(|(_, f)| f == "f49").count(),
    );
    assert!(busy > quiet * 3 / 2, "{busy} {quiet}");
    assert!(reading.failures.is_empty() && reading.counted > 5 * 3500, "{} {:?}", reading.counted, reading.failures);
}

#[tokio::test]
async fn a_long_backlog_is_read_in_stretches_that_outlive_a_restart_and_holds_nobody_up() {
    // Six hours with ten lines a second: 44 pages.
    let mut reading = Reading::of(&[("backlog", reports(-360, 0, 100)), ("other", reports(0, 10, 1000))], 5000);
    reading.run(TimeDelta::seconds(12)).await;
    let before = reading.counted;
    assert!((30_000..200_000).contains(&before), "{before}");
    reading.restart();
    reading.run(TimeDelta::minutes(5)).await;
    assert_eq!(reading.counted - reading.counted % 1000, 216_000, "and some of the other");
    let calls = reading.calls().iter().filter(|(_, function)| function == "backlog").count();
    assert!(calls < 44 * 2, "it is not begun from the start: {calls}");
    assert!(reading.longest_wait("other") <= 35, "{}", reading.longest_wait("other"));
    let bytes: usize = reading.cursors.values().map(String::len).sum();
    assert!(bytes < 100_000 && reading.failures.is_empty(), "{bytes} {:?}", reading.failures);
}

#[tokio::test]
async fn what_is_behind_for_long_is_said_with_the_step_that_helps_and_a_burst_is_not() {
    let mut burst = Reading::of(&[("f", reports(0, 2, 5))], 100);
    burst.run(TimeDelta::minutes(10)).await;
    assert!(burst.failures.is_empty() && burst.counted == 24_000, "{} {:?}", burst.counted, burst.failures);

    // More than two pages a second for twenty minutes.
    let mut flood = Reading::of(&[("f", reports(0, 20, 20))], 20);
    flood.run(TimeDelta::minutes(20)).await;
    let start: DateTime<Utc> = START.parse().unwrap();
    let (first, failure) = flood.failures.first().cloned().unwrap();
    assert!(failure.kind == FailureKind::Behind && first - start > BEHIND, "{first} {failure}");
    assert!(
        failure.said.contains("behind")
            && failure.next_step.contains("raise log_calls_per_second under [aws] (it is 2"),
        "{failure}"
    );
    assert!(flood.failures.len() < 20, "not at every poll: {}", flood.failures.len());
    flood.run(TimeDelta::hours(2)).await;
    assert_eq!(flood.counted, 60_000, "late, but whole");
    let answered = flood.answered;
    flood.run(TimeDelta::minutes(1)).await;
    assert!(
        flood.answered > answered
            && flood.failures.last().is_some_and(|(at, _)| *at < flood.clock.now() - TimeDelta::minutes(2))
    );
}

/// Lets calls fail after the first page of several; the events counted, the failures reported, and whether it answered
/// since.
async fn check(failing: &[FailureKind]) -> (u64, Vec<FailureKind>, bool) {
    let mut reading = Reading::of(&[("f", reports(-60, 0, 1000))], 1000);
    *reading.logs.failing.lock().unwrap() =
        std::iter::once(None).chain(failing.iter().map(|kind| Some(*kind))).collect();
    reading.run(TimeDelta::minutes(3)).await;
    (reading.counted, reading.failures.iter().map(|(_, failure)| failure.kind).collect(), reading.answered > 0)
}

#[tokio::test]
async fn a_call_that_fails_between_two_pages_costs_no_line_and_is_reported_only_if_it_stays() {
    use FailureKind::{Denied, NoAnswer, NotFound, Refused, Throttled, Unreachable};
    for (failing, reported) in [
        (&[][..], &[][..]),
        (&[Throttled, Throttled], &[]),
        (&[Throttled; 4], &[Throttled]),
        (&[Refused], &[]),
        (&[NotFound], &[]),
        (&[NoAnswer, NoAnswer], &[]),
        (&[NoAnswer; 3], &[NoAnswer]),
        (&[Unreachable; 3], &[Unreachable]),
        (&[Denied], &[Denied]),
        // The token, and then the call without it.
        (&[NotFound, NotFound], &[NotFound]),
        (&[Refused; 4], &[Refused]),
    ] {
        assert_eq!(check(failing).await, (3600, reported.to_vec(), true), "{failing:?}");
    }
}

#[tokio::test]
async fn a_place_that_another_version_of_the_reader_wrote_is_still_a_place() {
    let mut reading = Reading::of(&[("f", reports(-60, 0, 1000))], 10_000);
    reading.run(TimeDelta::minutes(1)).await;
    let mut cursor: serde_json::Value = serde_json::from_str(&reading.cursors["f"]).unwrap();
    cursor["reader"] = serde_json::json!({"of": "another version"});
    reading.cursors.insert("f".to_owned(), cursor.to_string());
    reading.restart();
    reading.run(TimeDelta::minutes(1)).await;
    assert_eq!(reading.counted, 3600);
}

#[test]
fn a_stored_place_that_is_no_time_is_begun_anew_and_not_read_from_1970_on() {
    let causes = Causes::built_in();
    let restored = |from_ms: i64| {
        let cursor = format!(r#"{{"from_ms":{from_ms},"counted":[],"reader":null}}"#);
        super::group::FollowedGroup::<MinuteCounter>::restored("f", &cursor, &causes).map(|group| group.from())
    };
    assert_eq!(restored(1_772_366_400_000), Some(START.parse().unwrap()));
    assert_eq!(restored(i64::MAX), None);
}
