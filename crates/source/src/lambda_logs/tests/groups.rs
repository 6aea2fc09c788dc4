//! Which group holds whose log: functions that share one, that move, and groups that cannot be read.

use proptest::prelude::*;

use super::*;

const SHARED: &str = "/prod/shared";

fn start_ms() -> i64 {
    START.parse::<DateTime<Utc>>().unwrap().timestamp_millis()
}

/// A report line, so many seconds after the start.
fn event(stream: &str, seconds: i64, number: usize) -> LogEvent {
    let message = format!(
        "REPORT RequestId: e11db634-ef8a-4258-9d46-{number:012}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"
    );
    LogEvent { stream: stream.to_owned(), at_ms: start_ms() + seconds * 1000, id: None, message }
}

/// So many report lines, a second apart from `from` on.
fn events(stream: &str, from: i64, count: i64) -> Vec<LogEvent> {
    (from..from + count).map(|second| event(stream, second, (second + 100_000) as usize)).collect()
}

fn shared_stream(function: &str) -> String {
    format!("2026/03/01/{function}[$LATEST][0123456789abcdef]")
}

/// The groups with their events in order of time.
fn groups(all: Vec<(&str, Vec<LogEvent>)>) -> BTreeMap<String, Vec<LogEvent>> {
    let mut groups: BTreeMap<String, Vec<LogEvent>> = BTreeMap::new();
    all.into_iter().for_each(|(group, events)| groups.entry(group.to_owned()).or_default().extend(events));
    groups.values_mut().for_each(|events| events.sort_by_key(|event| event.at_ms));
    groups
}

fn configured<'a>(all: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    all.iter().map(|(function, group)| (*function, (*group).to_owned())).collect()
}

fn counts(reading: &Reading) -> Vec<(&str, u64)> {
    reading.of.iter().map(|(function, count)| (function.as_str(), *count)).collect()
}

fn calls_to(reading: &Reading, group: &str) -> usize {
    reading.calls().iter().filter(|(_, called)| called == group).count()
}

#[tokio::test]
async fn a_shared_group_is_read_once_and_each_event_is_its_functions() {
    let shared = [
        events(&shared_stream("api"), -60, 50),
        events(&shared_stream("worker"), -60, 30),
        // Nobody asks for it, and nobody knows whose that is.
        events(&shared_stream("other"), -60, 20),
        events("syslog", -60, 10),
    ];
    let all = groups(vec![
        (SHARED, shared.concat()),
        ("/prod/own", events(&shared_stream("web"), -60, 7)),
        // A guest in a function's own group.
        (
            "/aws/lambda/host",
            [events("2026/03/01/[$LATEST]a", -60, 5), events(&shared_stream("guest"), -60, 3)].concat(),
        ),
        // A shared group that is named like a function's own.
        (
            "/aws/lambda/everything",
            [events("2026/03/01/[$LATEST]a", -60, 4), events(&shared_stream("g2"), -60, 2)].concat(),
        ),
    ]);
    let functions = configured(&[
        ("g2", "/aws/lambda/everything"),
        ("api", SHARED),
        ("worker", SHARED),
        ("other", SHARED),
        ("web", "/prod/own"),
        ("host", "/aws/lambda/host"),
        ("guest", "/aws/lambda/host"),
    ]);
    let mut reading = Reading::with(all, Ok(functions), &["api", "w*", "host", "g*", "every*"], 200, &[]);
    reading.run(TimeDelta::minutes(5)).await;
    assert_eq!(counts(&reading), [("api", 50), ("g2", 2), ("guest", 3), ("host", 5), ("web", 7), ("worker", 30)]);
    let read: Vec<&str> = reading.read_up_to.keys().map(String::as_str).collect();
    assert_eq!(read, ["api", "g2", "guest", "host", "web", "worker"]);
    assert_eq!(calls_to(&reading, SHARED), calls_to(&reading, "/prod/own"), "{:?}", reading.calls());
    assert!(reading.failures.is_empty() && reading.answered > 0, "{:?}", reading.failures);

    // A function that begins to log there is read before it is looked up, and a restart counts nothing again.
    reading.logs.groups.lock().unwrap().get_mut(SHARED).unwrap().extend(events(&shared_stream("w2"), 300, 4));
    reading.run(TimeDelta::seconds(30)).await;
    reading.restart();
    reading.run(TimeDelta::minutes(4)).await;
    assert_eq!(
        counts(&reading),
        [("api", 50), ("g2", 2), ("guest", 3), ("host", 5), ("w2", 4), ("web", 7), ("worker", 30)]
    );
}

#[tokio::test]
async fn a_cursor_is_kept_by_the_function_for_its_own_group_and_by_the_group_for_any_other() {
    let all = groups(vec![
        (SHARED, [events(&shared_stream("api"), -60, 50), events(&shared_stream("worker"), -60, 30)].concat()),
        ("/aws/lambda/host", events("2026/03/01/[$LATEST]a", -60, 5)),
        ("/aws/lambda/quiet", vec![]),
    ]);
    let functions = configured(&[
        ("api", SHARED),
        ("worker", SHARED),
        ("host", "/aws/lambda/host"),
        ("quiet", "/aws/lambda/quiet"),
    ]);
    let mut reading = Reading::with(all, Ok(functions), &["*"], 1000, &[]);
    reading.run(TimeDelta::minutes(1)).await;
    let keys = |cursor: &str| -> Vec<String> {
        let fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(cursor).unwrap();
        let readers = fields.get("readers").and_then(|readers| readers.as_object()).into_iter().flatten();
        let readers: Vec<String> = readers.map(|(function, _)| function.clone()).collect();
        fields.into_keys().chain(readers).collect()
    };
    let kept: Vec<(&str, Vec<String>)> =
        reading.cursors.iter().map(|(key, cursor)| (key.as_str(), keys(cursor))).collect();
    let own = ["counted", "from_ms", "reader"].map(str::to_owned).to_vec();
    let shared = ["counted", "from_ms", "readers", "api", "worker"].map(str::to_owned).to_vec();
    assert_eq!(kept, [("host", own.clone()), ("log_group:/prod/shared", shared), ("quiet", own)]);
}

#[tokio::test]
async fn invocations_that_began_in_one_process_end_in_the_next_each_in_its_function() {
    let line = |function: &str, second: i64, text: &str| LogEvent {
        message: text.to_owned(),
        ..event(&shared_stream(function), second, 0)
    };
    let timed_out = "2026-03-01T12:00:05.217Z e11db634-ef8a-4258-9d46-0b5e878cd834 Task timed out after 30.03 seconds";
    let begun = vec![line("api", -25, "Instancing.."), line("worker", -25, "hello"), line("api", -10, "Instancing..")];
    let all = groups(vec![(SHARED, begun)]);
    let functions = configured(&[("api", SHARED), ("worker", SHARED)]);
    let mut reading = Reading::with(all, Ok(functions), &["*"], 100, &[]);
    reading.run(TimeDelta::seconds(5)).await;
    reading
        .logs
        .groups
        .lock()
        .unwrap()
        .get_mut(SHARED)
        .unwrap()
        .extend([line("api", 5, timed_out), line("worker", 5, timed_out)]);
    reading.restart();
    reading.run(TimeDelta::minutes(2)).await;
    reading.faults.sort();
    let faults: Vec<(&str, &str)> =
        reading.faults.iter().map(|(function, why)| (function.as_str(), why.as_str())).collect();
    assert_eq!(faults, [("api", "SlowColdStart"), ("worker", "FunctionTimeout")]);
}

#[tokio::test]
async fn events_of_no_function_are_counted_once_each() {
    let all = groups(vec![(SHARED, [events(&shared_stream("api"), -60, 5), events("syslog", -60, 10)].concat())]);
    let reading = Reading::with(all, Ok(configured(&[("api", SHARED)])), &["*"], 4, &[]);
    let pace = FollowPace { overlap: TimeDelta::minutes(2), quiet: QUIET, look_up: LOOK_UP };
    let wanted = LogSelection { functions: vec!["*".parse().unwrap()], groups: vec![] };
    let mut account = reading.account.clone();
    account.log_budget = Arc::new(RateLimiter::unbounded());
    let mut follow: LogFollower<MinuteCounter> = LogFollower::new(wanted, pace, &account);
    let (mut unnamed, mut invocations) = (0, 0);
    for second in [0, 30, 60, 90] {
        let now = START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second);
        for seen in follow.poll(now, now - TimeDelta::hours(1)).await.seen {
            let FollowEvent::Read(stretch) = seen else { panic!("{seen:?}") };
            unnamed += stretch.unnamed;
            let tallies = stretch.functions.iter().flat_map(|of_one| of_one.found.tallies.values());
            invocations += tallies.map(|tally| tally.invocations).sum::<u64>();
        }
    }
    assert_eq!((unnamed, invocations), (10, 5));
}

/// `f` moves from one group to another, 100 s after the start; what it logged before appears up to 60 s late. It is looked
/// up again at 600 s, or is begun anew at 120 s.
async fn moved(from: &str, to: &str, pattern: &'static str, restarts: bool) {
    let stream = |group: &str| {
        if default_function(group).is_some() { "2026/03/01/[$LATEST]a".to_owned() } else { shared_stream("f") }
    };
    let all = groups(vec![(from, events(&stream(from), -100, 150)), (to, vec![])]);
    let mut reading = Reading::with(all, Ok(configured(&[("f", from)])), &[pattern], 40, &[]);
    reading.run(TimeDelta::seconds(100)).await;
    assert_eq!(reading.counted, 150);
    *reading.logs.functions.lock().unwrap() = Ok(vec![("f".to_owned(), to.to_owned())]);
    {
        let mut groups = reading.logs.groups.lock().unwrap();
        groups.get_mut(from).unwrap().extend(events(&stream(from), 50, 50));
        *groups.get_mut(to).unwrap() = events(&stream(to), 101, 700);
    }
    if restarts {
        reading.clock.wait_until(START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(120), false).await;
        reading.restart();
    }
    reading.run(TimeDelta::minutes(20)).await;
    assert_eq!(reading.counted, 150 + 50 + 700, "{from} -> {to}, {pattern}, restarts: {restarts}");
    assert!(reading.failures.is_empty(), "{:?}", reading.failures);

    // Nobody asks the old group for ever, but for a group by default that a pattern finds.
    let (before, short) = (reading.calls().len(), default_function(from).unwrap_or(from).to_owned());
    reading.run(TimeDelta::minutes(10)).await;
    let still = reading.calls().iter().skip(before).filter(|(_, called)| *called == short).count();
    assert_eq!(still > 0, pattern == "*" && default_function(from).is_some(), "{from} -> {to}, {pattern}: {still}");

    // It comes back, and what was read there is known.
    *reading.logs.functions.lock().unwrap() = Ok(vec![("f".to_owned(), from.to_owned())]);
    reading.run(TimeDelta::minutes(20)).await;
    reading.restart();
    reading.run(TimeDelta::minutes(20)).await;
    assert_eq!(reading.counted, 900, "nothing is read twice");
    let late = reading.clock.now() - reading.read_up_to["f"];
    assert!(late < TimeDelta::minutes(3), "{late}");
}

#[tokio::test]
async fn a_function_that_moves_to_another_group_is_read_to_the_end_of_the_old_one() {
    for restarts in [false, true] {
        for pattern in ["f", "*"] {
            moved("/aws/lambda/f", SHARED, pattern, restarts).await;
            moved(SHARED, "/aws/lambda/f", pattern, restarts).await;
            moved("/prod/one", "/prod/two", pattern, restarts).await;
        }
    }
}

#[tokio::test]
async fn what_comes_late_in_a_group_that_was_left_is_still_read() {
    let all = groups(vec![("/prod/one", events(&shared_stream("f"), -60, 5)), ("/prod/two", vec![])]);
    let mut reading = Reading::with(all, Ok(configured(&[("f", "/prod/one")])), &["f"], 40, &[]);
    reading.run(TimeDelta::seconds(595)).await;
    *reading.logs.functions.lock().unwrap() = Ok(vec![("f".to_owned(), "/prod/two".to_owned())]);
    reading.run(TimeDelta::seconds(70)).await;
    reading.logs.groups.lock().unwrap().get_mut("/prod/one").unwrap().extend(events(&shared_stream("f"), 585, 10));
    reading.run(TimeDelta::minutes(5)).await;
    assert_eq!(reading.counted, 15);
}

#[tokio::test]
async fn a_function_with_two_groups_has_been_read_as_far_as_both_have() {
    let all = groups(vec![("/aws/lambda/f", events("2026/03/01/[$LATEST]a", -60, 5)), (SHARED, vec![])]);
    let mut reading = Reading::with(all, Ok(configured(&[("f", SHARED)])), &["*"], 40, &[]);
    reading.run(TimeDelta::seconds(40)).await;
    let (before, both) = (reading.clock.now(), reading.read_up_to["f"]);
    reading.logs.groups.lock().unwrap().remove("/aws/lambda/f");
    reading.run(TimeDelta::minutes(8)).await;
    assert!(both > before - TimeDelta::minutes(2) && reading.read_up_to["f"] <= before, "{:?}", reading.read_up_to);
    assert!(reading.failures.iter().all(|(_, failure)| failure.kind == FailureKind::NotFound));
    // Then it is known to be gone.
    reading.run(TimeDelta::minutes(4)).await;
    assert!(reading.read_up_to["f"] > reading.clock.now() - TimeDelta::minutes(2), "{:?}", reading.read_up_to);
}

#[tokio::test]
async fn an_old_group_that_is_deleted_is_no_failure() {
    let all = groups(vec![("/prod/one", events(&shared_stream("f"), -60, 5)), ("/prod/two", vec![])]);
    let mut reading = Reading::with(all, Ok(configured(&[("f", "/prod/one")])), &["f"], 40, &[]);
    reading.run(TimeDelta::minutes(1)).await;
    *reading.logs.functions.lock().unwrap() = Ok(vec![("f".to_owned(), "/prod/two".to_owned())]);
    reading.run(TimeDelta::minutes(8)).await;
    reading.logs.groups.lock().unwrap().remove("/prod/one");
    reading.restart();
    reading.run(TimeDelta::minutes(20)).await;
    assert!(reading.failures.is_empty() && reading.counted == 5, "{:?}", reading.failures);
}

#[tokio::test]
async fn a_group_whose_class_forbids_reading_is_told_as_such_and_the_others_go_on() {
    let all = groups(vec![
        ("/prod/cheap", vec![]),
        ("/prod/cheap-too", vec![]),
        (SHARED, events(&shared_stream("api"), -60, 50)),
    ]);
    let classes = [("/prod/cheap", LogClass::InfrequentAccess)];
    let functions = configured(&[("cheap", "/prod/cheap"), ("api", SHARED), ("too", "/prod/cheap-too")]);
    let mut reading = Reading::with(all, Ok(functions), &["*"], 40, &classes);
    reading.run(TimeDelta::minutes(9)).await;
    assert_eq!(counts(&reading), [("api", 50)]);
    assert_eq!(calls_to(&reading, "/prod/cheap"), 1, "it is not asked again before the next look-up");
    let said: std::collections::BTreeSet<String> =
        reading.failures.iter().map(|(_, failure)| failure.to_string()).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    let said = said.first().unwrap();
    assert!(
        said.contains("/prod/cheap failed") && said.contains("INFREQUENT_ACCESS") && said.contains("LoggingConfig")
    );
    // It lasts: every poll says so, which is one incident of the source.
    assert!(reading.failures.len() >= 17 && reading.answered == 0, "{}", reading.failures.len());
    assert!(!reading.read_up_to.contains_key("cheap") && reading.read_up_to.contains_key("too"));

    // It has another group now.
    *reading.logs.functions.lock().unwrap() = Ok(vec![("cheap".to_owned(), SHARED.to_owned())]);
    reading.run(TimeDelta::minutes(10)).await;
    let answered = reading.answered;
    reading.run(TimeDelta::minutes(2)).await;
    assert!(reading.answered > answered);
}

#[tokio::test]
async fn without_the_right_to_list_functions_those_with_a_group_by_default_are_read_and_nothing_fails() {
    let all = || {
        groups(vec![
            (SHARED, events(&shared_stream("api"), -60, 50)),
            ("/aws/lambda/web", events("2026/03/01/[$LATEST]a", -60, 5)),
        ])
    };
    let mut denied = Reading::with(all(), Err(FailureKind::Denied), &["*"], 40, &[]);
    denied.run(TimeDelta::minutes(2)).await;
    assert_eq!(counts(&denied), [("web", 5)]);
    assert!(denied.failures.is_empty() && denied.answered > 0, "{:?}", denied.failures);

    // Any other failure is one of the look-up: what is known is read for as long as it may pass.
    let mut throttled = Reading::with(all(), Err(FailureKind::Throttled), &["web"], 40, &[]);
    throttled.run(TimeDelta::minutes(2)).await;
    assert!(throttled.counted == 0 && throttled.failures[0].1.call == "lambda:ListFunctions");
    *throttled.logs.functions.lock().unwrap() = Ok(vec![]);
    throttled.run(TimeDelta::minutes(2)).await;
    let failures = throttled.failures.len();
    *throttled.logs.functions.lock().unwrap() = Err(FailureKind::Throttled);
    throttled.run(TimeDelta::minutes(30)).await;
    assert_eq!((throttled.counted, throttled.failures.len()), (5, failures));
}

#[tokio::test]
async fn a_group_that_lambda_has_yet_to_make_is_no_failure_unless_its_function_is_named() {
    let functions = || Ok(configured(&[("new", "/prod/new"), ("web", "/aws/lambda/web")]));
    let all = || groups(vec![("/aws/lambda/web", events("2026/03/01/[$LATEST]a", -60, 5))]);
    let mut pattern = Reading::with(all(), functions(), &["*"], 40, &[]);
    pattern.run(TimeDelta::minutes(4)).await;
    assert!(pattern.failures.is_empty() && pattern.answered > 0 && !pattern.read_up_to.contains_key("new"));
    pattern.logs.groups.lock().unwrap().insert("/prod/new".to_owned(), events(&shared_stream("new"), 240, 5));
    pattern.run(TimeDelta::minutes(4)).await;
    assert_eq!(counts(&pattern), [("new", 5), ("web", 5)]);

    let mut named = Reading::with(all(), functions(), &["new"], 40, &[]);
    named.run(TimeDelta::minutes(1)).await;
    assert!(named.failures.iter().all(|(_, failure)| failure.kind == FailureKind::NotFound), "{:?}", named.failures);
    assert!(!named.failures.is_empty() && named.failures[0].1.resource == "/prod/new");
}

#[tokio::test]
async fn a_recorded_account_answers_for_functions_with_log_groups_of_their_own() {
    let function = |name: &str, group: &str, every: &str| {
        format!(
            r#"
[[function]]
name = "{name}"
{group}
idle = "10m"
recycle = "2h"
behaviour = [{{ from = "2026-03-01T00:00:00Z", cold = [[5, "REPORT RequestId: {{id}}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"]] }}]
calls = [{{ first = "2026-03-01T11:50:00Z", last = "2026-03-01T11:55:00Z", every = "{every}" }}]
"#
        )
    };
    let recording = [
        "region = \"r\"\nbill = []\n".to_owned(),
        function("api", "log_group = \"/prod/shared\"", "10s"),
        function("worker", "log_group = \"/prod/shared\"", "30s"),
        function("web", "", "60s"),
    ];
    let clock = Arc::new(SimulatedClock::starting_at(START.parse().unwrap()));
    let from = clock.now() - TimeDelta::hours(1);
    let account = Recording::parse(&recording.concat()).unwrap().account(clock.clone(), from);
    let poll = made(&account, &["*"], Span::minutes(2), BTreeMap::new()).poll(clock.now()).await;
    let mut of: BTreeMap<String, u64> = BTreeMap::new();
    for observation in poll.observations {
        if let ObservationBody::Tally(tally) = observation.what {
            *of.entry(tally.function).or_default() += tally.invocations;
        }
    }
    assert_eq!(of, [("api", 30), ("web", 5), ("worker", 10)].map(|(name, count)| (name.to_owned(), count)).into());
}

/// One line of one of some functions, or of nobody.
#[derive(Debug, Clone)]
struct Line {
    function: usize,
    stream: usize,
    second: i64,
    /// How late it is shown.
    late: i64,
}

const NAMES: [&str; 4] = ["a", "b", "b-2", "c"];

fn line(overlap: i64) -> impl Strategy<Value = Line> {
    // The last two are a function that no pattern fits, and a stream that names none.
    (0..NAMES.len() + 2, 0..2_usize, -12..15_i64, 0..overlap).prop_map(|(function, stream, tens, late)| Line {
        function,
        stream,
        second: tens * 10,
        late,
    })
}

impl Line {
    fn event(&self, number: usize, shared: bool) -> LogEvent {
        let stream = match (NAMES.get(self.function), shared) {
            (Some(_), false) => format!("2026/03/01/[$LATEST]{}", self.stream),
            (Some(name), true) => format!("2026/03/01/{name}[$LATEST][{}]", self.stream),
            (None, _) if self.function == NAMES.len() => shared_stream("not-asked-for"),
            (None, _) => "i-0123456789abcdef0".to_owned(),
        };
        event(&stream, self.second, number)
    }

    fn group(&self, shared: bool) -> String {
        match NAMES.get(self.function) {
            Some(name) if !shared => LogDestination::by_default(name).group,
            _ => SHARED.to_owned(),
        }
    }
}

/// Reads the lines as they are shown, each function's in a group of its own or all in one, and counts by function.
async fn read_all(lines: &[Line], page: usize, overlap: i64, restart: usize, shared: bool) -> BTreeMap<String, u64> {
    let mut groups: BTreeMap<String, Vec<LogEvent>> = BTreeMap::from([(SHARED.to_owned(), vec![])]);
    NAMES.iter().for_each(|name| drop(groups.insert(LogDestination::by_default(name).group, vec![])));
    if shared {
        groups.retain(|name, _| name == SHARED);
    }
    let group = |name: &str| if shared { SHARED.to_owned() } else { LogDestination::by_default(name).group };
    let functions = NAMES.iter().map(|name| (*name, group(name))).collect();
    let mut reading = Reading::with(groups, Ok(functions), &["?", "b*"], page, &[]);
    reading.overlap = Span::seconds(overlap as u32);
    reading.restart();
    // Numbered within a second of their streams, so that there are equal words at the same time in several streams.
    let like = |a: &Line, b: &Line| (a.function, a.stream, a.second) == (b.function, b.stream, b.second);
    let same = |at: usize| lines[..at].iter().filter(|other| like(other, &lines[at])).count();
    let number = |at: usize| (lines[at].second + 1000) as usize * 100 + same(at);
    let mut hidden: Vec<(usize, &Line)> = lines.iter().enumerate().map(|(at, line)| (number(at), line)).collect();
    for step in 0..12 {
        let shown_ms = reading.clock.now().timestamp_millis() - start_ms() + 30_000;
        {
            let mut groups = reading.logs.groups.lock().unwrap();
            for (number, line) in hidden.extract_if(.., |(_, line)| (line.second + line.late) * 1000 <= shown_ms) {
                let events = groups.entry(line.group(shared)).or_default();
                let event = line.event(number, shared);
                // Before or behind those of the same time.
                let edge = event.at_ms + line.late % 2;
                let at = events.partition_point(|other| other.at_ms < edge);
                events.insert(at, event);
            }
        }
        reading.run(TimeDelta::seconds(30)).await;
        if step == restart {
            reading.restart();
        }
    }
    reading.run(TimeDelta::minutes(10)).await;
    assert!(reading.failures.is_empty(), "{:?}", reading.failures);
    reading.of
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn functions_that_share_a_group_are_counted_as_if_each_had_its_own(
        (overlap, lines) in (35..180_i64).prop_flat_map(|overlap| (Just(overlap), prop::collection::vec(line(overlap), 0..60))),
        page in 1..20_usize,
        restart in 0..12_usize,
    ) {
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for name in lines.iter().filter_map(|line| NAMES.get(line.function)) {
            *expected.entry((*name).to_owned()).or_default() += 1;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for shared in [true, false] {
            let counted = runtime.block_on(read_all(&lines, page, overlap, restart, shared));
            prop_assert_eq!(&counted, &expected, "shared: {}", shared);
        }
    }
}
