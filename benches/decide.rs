//! How long it takes to decide: ten rules on a thousand functions, 10,000 pairs, of which two hundred hold. Beside it
//! the same ten questions asked of SQLite, in memory and indexed, over the same counts: what a monitor that keeps
//! everything in a database would do at every turn.
//!
//! `cargo bench --bench decide`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a benchmark ends with a panic"
)]

use std::hint::black_box;

use alerting::decide::{OpenIncidents, Rulebook, decide};
use alerting::history::History;
use alerting::observation::{Observation, ObservationBody, ReadUpTo};
use alerting::operator::OperatorActions;
use chrono::{DateTime, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use lambda_log::tally::{InvocationCounts, MemoryUse};
use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};
use rusqlite::{Connection, params};

const FUNCTIONS: usize = 1000;
/// Every tenth function had trouble, in this minute of the hour.
const TROUBLE: i64 = 30;

const RULES: &str = r#"
[alert.a]
when.lambda_cause = { causes = ["oom"], within = "1h" }
tell = ["team"]
[alert.b]
when.lambda_cause = { causes = ["init_timeout", "slow_cold_start"], within = "1h" }
tell = ["team"]
[alert.c]
when.lambda_cause = { causes = ["oom", "import_error"], count = 2, within = "30m" }
tell = ["team"]
[alert.d]
when.cold_starts = { share = "50%", within = "1h", at_least = 10 }
tell = ["team"]
[alert.e]
when.cold_starts = { share = "30%", within = "30m", at_least = 10 }
tell = ["team"]
[alert.f]
when.memory_above = { share = "95%", within = "1h" }
tell = ["team"]
[alert.g]
when.memory_above = { share = "80%", within = "30m" }
tell = ["team"]
[alert.h]
when.duration_above = { limit = "5s", within = "30m" }
tell = ["team"]
[alert.i]
when.duration_above = { limit = "20s", within = "1h", quantile = "max" }
tell = ["team"]
[alert.j]
when.new_error = { within = "1h" }
tell = ["team"]
[receiver.team]
via.stdout = {}
"#;

fn now() -> DateTime<Utc> {
    "2024-12-20T12:00:00Z".parse().unwrap_or_default()
}

/// What each function did in each minute of an hour.
fn observations() -> impl Iterator<Item = Observation> {
    let seen = |at: DateTime<Utc>, what| Observation { at, seen: at, source: "watch.logs".to_owned(), what };
    (0..FUNCTIONS).flat_map(move |n| {
        let function = format!("function-{n:04}");
        let minutes = (1..=60).map({
            let function = function.clone();
            move |minute| {
                let mut tally = InvocationCounts {
                    function: function.clone(),
                    invocations: 20,
                    cold: 1,
                    cold_waited: 1,
                    ..InvocationCounts::default()
                };
                (0..20).for_each(|call| tally.durations.add(f64::from(call) * 10.0));
                tally.memory = Some(MemoryUse { used_mb: 100, size_mb: 512 });
                seen(now() - TimeDelta::minutes(minute), ObservationBody::Tally(tally))
            }
        });
        let fault = FailedInvocation {
            own: None,
            function: function.clone(),
            cause: Cause::Oom,
            confidence: Confidence::Proved,
            request_id: None,
            finding: "It used all its memory.".to_owned(),
            evidence: vec!["a line".to_owned()],
            also: vec![],
            fingerprint: Some("Runtime.OutOfMemory".to_owned()),
        };
        let trouble =
            n.is_multiple_of(10).then(|| seen(now() - TimeDelta::minutes(TROUBLE), ObservationBody::Fault(fault)));
        minutes.chain(trouble).chain([seen(now(), ObservationBody::ReadUpTo(ReadUpTo { function }))])
    })
}

fn rulebook() -> Rulebook {
    let parsed: Result<MonitorConfig, _> = parse(RULES, &ConfigEnvironment::default(), now());
    parsed.map(|config| config.rulebook()).unwrap_or_default()
}

/// The same counts as rows.
fn database() -> rusqlite::Result<Connection> {
    let database = Connection::open_in_memory()?;
    let tables = "CREATE TABLE minute (function TEXT, minute INTEGER, invocations INTEGER, cold_waited INTEGER, longest REAL, used INTEGER, size INTEGER, PRIMARY KEY (function, minute)) WITHOUT ROWID;
        CREATE TABLE fault (function TEXT, at INTEGER, cause TEXT);
        CREATE INDEX fault_by_cause ON fault (cause, function, at)";
    database.execute_batch(tables)?;
    database.execute_batch("BEGIN")?;
    for observation in observations() {
        match observation.what {
            ObservationBody::Tally(tally) => {
                let mut row = database.prepare_cached("INSERT INTO minute VALUES (?1, ?2, 20, 1, 190.0, 100, 512)")?;
                row.execute(params![tally.function, observation.at.timestamp()])?;
            }
            ObservationBody::Fault(fault) => {
                database.execute(
                    "INSERT INTO fault VALUES (?1, ?2, 'oom')",
                    params![fault.function, observation.at.timestamp()],
                )?;
            }
            _ => {}
        }
    }
    database.execute_batch("COMMIT")?;
    Ok(database)
}

/// Ten questions, each of them over all functions.
fn asked(database: &Connection) -> rusqlite::Result<usize> {
    let (hour, half) = ((now() - TimeDelta::hours(1)).timestamp(), (now() - TimeDelta::minutes(30)).timestamp());
    let faults =
        "SELECT function, count(*) FROM fault WHERE cause = ?2 AND at >= ?1 GROUP BY function HAVING count(*) >= ?3";
    let cold = "SELECT function FROM minute WHERE minute >= ?1 GROUP BY function HAVING sum(cold_waited) * 100 > ?2 * sum(invocations)";
    let memory = "SELECT function FROM minute WHERE minute >= ?1 GROUP BY function HAVING max(used * 100 / size) > ?2";
    let longest = "SELECT function FROM minute WHERE minute >= ?1 GROUP BY function HAVING max(longest) > ?2";
    let functions = |query: &str, params: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<usize> {
        let mut statement = database.prepare_cached(query)?;
        let rows = statement.query_map(params, |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<_>>>().map(|functions| functions.len())
    };
    let mut found = 0;
    for (since, cause, count) in [(hour, "oom", 1), (hour, "init_timeout", 1), (half, "oom", 2), (hour, "oom", 1)] {
        found += functions(faults, params![since, cause, count])?;
    }
    for (query, since, limit) in [
        (cold, hour, 50),
        (cold, half, 30),
        (memory, hour, 95),
        (memory, half, 80),
        (longest, half, 5000),
        (longest, hour, 20_000),
    ] {
        found += functions(query, params![since, limit])?;
    }
    Ok(found)
}

fn deciding(criterion: &mut Criterion) {
    let (book, open, orders) = (rulebook(), OpenIncidents::new(), OperatorActions::default());
    let mut history = History::default();
    observations().for_each(|observation| history.record(&observation));
    let held = decide(&book, &history, &open, &orders, now()).incidents.len();
    assert_eq!(held, 200, "two of the rules hold on every tenth function");
    let mut group = criterion.benchmark_group("10,000 rule-subject pairs");
    group.sample_size(20);
    group
        .bench_function("decide", |bencher| bencher.iter(|| black_box(decide(&book, &history, &open, &orders, now()))));
    let known: OpenIncidents = decide(&book, &history, &open, &orders, now())
        .incidents
        .into_iter()
        .map(|it| ((it.rule.clone(), it.subject.clone()), it))
        .collect();
    group.bench_function("decide, with 200 open", |bencher| {
        bencher.iter(|| black_box(decide(&book, &history, &known, &orders, now())));
    });
    let database = database().expect("SQLite");
    assert_eq!(asked(&database), Ok(200), "SQLite finds the same");
    group.bench_function("peer: the same asked of SQLite in memory", |bencher| {
        bencher.iter(|| black_box(asked(&database)));
    });
    group.finish();
}

criterion_group!(benches, deciding);
criterion_main!(benches);
