//! What is written comes back.

use ::billing::line::{ChargeAmount, ChargeKey, DayCharges};
use alerting::fingerprints::{KnownError, MOST_FINGERPRINTS};
use alerting::history::History;
use alerting::observation::{MetricPoint, Observation, ObservationBody};
use alerting::signs::{LivenessKind, LivenessRun};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use lambda_log::tally::{InvocationCounts, MemoryUse};
use model::calendar::Month;
use tempfile::TempDir;

use crate::database::Database;
use crate::{Commit, Durability, Store, StoreError};

fn now() -> DateTime<Utc> {
    "2024-12-20T12:00:00Z".parse().unwrap()
}

fn seen(at: DateTime<Utc>, what: ObservationBody) -> Observation {
    Observation { at, seen: now(), source: "watch.x".into(), what }
}

fn tally(durations: &[f64], memory: Option<(u32, u32)>) -> InvocationCounts {
    let mut tally =
        InvocationCounts { function: "f".into(), invocations: durations.len() as u64, ..InvocationCounts::default() };
    durations.iter().for_each(|ms| tally.durations.add(*ms));
    tally.memory = memory.map(|(used_mb, size_mb)| MemoryUse { used_mb, size_mb });
    tally
}

fn fault(fingerprint: String, seconds_ago: i64) -> Observation {
    let fault = FailedInvocation {
        own: None,
        function: "f".into(),
        cause: Cause::Oom,
        confidence: Confidence::Proved,
        request_id: None,
        finding: "It is so.".into(),
        evidence: vec!["START".into(), "KeyError: 'a42'".into()],
        also: vec![Cause::FunctionTimeout],
        fingerprint: Some(fingerprint),
    };
    let at = now() - TimeDelta::seconds(seconds_ago);
    Observation { seen: at, ..seen(at, ObservationBody::Fault(fault)) }
}

async fn store(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("monitor.db"), Durability::None).await.unwrap()
}

async fn write(store: &Store, observations: Vec<Observation>) {
    store.commit(&Commit { observations, ..Commit::default() }).await.unwrap();
}

#[tokio::test]
async fn durations_and_memory_add_up_in_the_store_as_they_do_in_the_history() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let tallies = [
        tally(&[11.8, 30_034.05], None),
        tally(&[11.8], Some((90, 128))),
        tally(&[], Some((900, 1024))),
        tally(&[5.0], Some((91, 128))),
        tally(&[], Some((9, 0))),
    ];
    let mut sum = tally(&[], None);
    for tally in &tallies {
        write(&store, vec![seen(now(), ObservationBody::Tally(tally.clone()))]).await;
        sum.add(tally);
    }
    let loaded = store.load(now(), TimeDelta::hours(1)).await.unwrap();
    assert_eq!(
        loaded.observations.into_iter().map(|observation| observation.what).collect::<Vec<_>>(),
        [ObservationBody::Tally(sum.clone())]
    );
    // Another day of the same month.
    write(&store, vec![seen(now() - TimeDelta::days(3), ObservationBody::Tally(tally(&[60_000.0], Some((127, 128)))))])
        .await;
    sum.add(&tally(&[60_000.0], Some((127, 128))));
    let month = store.month(Month::of(now().date_naive())).await.unwrap();
    assert_eq!(month.tallies, [sum]);
}

#[tokio::test]
async fn an_error_is_known_for_ever_from_the_first_time_it_was_seen() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    write(
        &store,
        vec![
            fault("KeyError: '#'".into(), 7000),
            fault("KeyError: '#'".into(), 9000),
            fault("KeyError: '#'".into(), 8000),
        ],
    )
    .await;
    store.prune(now() + TimeDelta::days(900), TimeDelta::days(400), TimeDelta::days(1)).await.unwrap();
    let loaded = store.load(now(), TimeDelta::hours(1)).await.unwrap();
    let ago = |seconds| now() - TimeDelta::seconds(seconds);
    let known = KnownError {
        function: "f".into(),
        fingerprint: "KeyError: '#'".into(),
        first: ago(9000),
        seen: ago(9000),
        last: ago(7000),
    };
    assert_eq!((loaded.errors, loaded.observations), (vec![known], vec![]));
    let row = |database: &Database| {
        database.one("an error", "SELECT cause, excerpt FROM error", [], |row| {
            Ok((row.get::<String>(0)?, row.get::<String>(1)?))
        })
    };
    assert_eq!(store.run(row).await.unwrap(), ("oom".into(), "KeyError: 'a42'".into()));
}

#[tokio::test]
async fn the_store_forgets_the_same_errors_as_the_history() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let many: Vec<Observation> =
        (0..MOST_FINGERPRINTS as i64 + 5).map(|n| fault(format!("error {n}"), n / 7)).collect();
    let mut history = History::default();
    many.iter().for_each(|observation| history.record(observation));
    write(&store, many).await;
    let kept = store.load(now(), TimeDelta::hours(1)).await.unwrap().errors;
    assert_eq!(kept.len(), MOST_FINGERPRINTS);
    for error in kept {
        assert_eq!(history.first("f", &error.fingerprint), Some((error.first, error.seen)), "{}", error.fingerprint);
    }
}

fn point(minutes_ago: i64, seen_minutes_ago: i64, sum: f64) -> Observation {
    let ago = |minutes| now() - TimeDelta::minutes(minutes);
    let point =
        MetricPoint { function: "f".into(), metric: "Errors".into(), period: 60, sum, maximum: 1.0, average: 0.25 };
    Observation {
        at: ago(minutes_ago),
        seen: ago(seen_minutes_ago),
        source: String::new(),
        what: ObservationBody::Metric(point),
    }
}

#[tokio::test]
async fn what_was_seen_comes_back_in_the_order_in_which_it_was_seen() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let ago = |minutes: i64| now() - TimeDelta::minutes(minutes);
    let minute = |at, seen| Observation {
        at: ago(at),
        seen: ago(seen),
        source: String::new(),
        what: ObservationBody::Tally(tally(&[5.0], None)),
    };
    // The last of these was read four hours late.
    write(&store, vec![minute(10, 9), point(12, 8, 3.0), fault("e".into(), 600), minute(300, 60)]).await;
    write(&store, vec![point(12, 7, 3.0), point(11, 6, 1.0)]).await;
    write(&store, vec![point(11, 5, 4.0)]).await;
    let shown = async |from, to| -> Vec<(&str, i64, i64)> {
        let seen = store.seen_between(ago(from), ago(to)).await.unwrap();
        let shown = |seen: &Observation| {
            let kind = match &seen.what {
                ObservationBody::Tally(_) => "minute",
                ObservationBody::Fault(_) => "fault",
                ObservationBody::Metric(point) if point.sum > 3.5 => "higher point",
                _ => "point",
            };
            (kind, (now() - seen.at).num_minutes(), (now() - seen.seen).num_minutes())
        };
        seen.iter().map(shown).collect()
    };
    let all = [("minute", 300, 60), ("fault", 10, 10), ("minute", 10, 9), ("point", 12, 8), ("higher point", 11, 5)];
    assert_eq!(shown(61, 0).await, all);
    assert_eq!(shown(60, 10).await, all[..1]);
    assert_eq!(shown(10, 8).await, all[1..3]);
    assert_eq!(shown(8, 5).await, all[3..4]);
    let extent = store.extent().await.unwrap();
    assert_eq!(
        (extent.minutes, extent.faults, extent.points),
        (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MIN_UTC, ago(8))
    );
    assert_eq!(
        (extent.costs, extent.pings, extent.signs),
        (DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MAX_UTC)
    );
    // Two days later nothing of this day is kept, and its day stays: what is missing can be told.
    let later = now() + TimeDelta::days(2);
    store.prune(later, TimeDelta::days(1), TimeDelta::hours(26)).await.unwrap();
    assert_eq!(shown(400, -10_000).await, []);
    let missing = store.extent().await.unwrap();
    assert_eq!((missing.minutes, missing.points), (DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MAX_UTC));
}

#[tokio::test]
async fn minutes_outlive_the_longest_window_of_the_rules() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    write(
        &store,
        (0..40)
            .map(|days| Observation {
                seen: now() - TimeDelta::days(days),
                ..seen(now() - TimeDelta::days(days), ObservationBody::Tally(tally(&[5.0], None)))
            })
            .collect(),
    )
    .await;
    store.prune(now(), TimeDelta::days(400), TimeDelta::days(35)).await.unwrap();
    assert_eq!(store.seen_between(now() - TimeDelta::days(100), now() + TimeDelta::days(1)).await.unwrap().len(), 36);
    assert_eq!(store.load(now(), TimeDelta::hours(26)).await.unwrap().observations.len(), 2);
    assert_eq!(store.extent().await.unwrap().minutes, now() - TimeDelta::days(35));
}

#[tokio::test]
async fn a_run_of_signs_is_one_row_that_grows() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let at = |minutes: i64| now() + TimeDelta::minutes(minutes);
    let sign = |since, until, function: &str| LivenessRun {
        source: "watch.x".into(),
        kind: if function.is_empty() { LivenessKind::State } else { LivenessKind::Read },
        function: function.into(),
        since: at(since),
        until: at(until),
        failure: None,
    };
    for signs in [vec![sign(0, 1, ""), sign(0, 0, "f")], vec![sign(0, 7, "")], vec![sign(0, 3, ""), sign(30, 40, "")]] {
        store.commit(&Commit { signs, ..Commit::default() }).await.unwrap();
    }
    assert_eq!(store.signs_between(at(0), at(60)).await.unwrap(), [sign(0, 0, "f"), sign(0, 7, ""), sign(30, 40, "")]);
    assert_eq!(store.signs_between(at(7), at(30)).await.unwrap(), [sign(0, 7, "")]);
    assert_eq!(store.load(at(60), TimeDelta::hours(1)).await.unwrap().signs, [sign(0, 0, "f"), sign(30, 40, "")]);
    store.prune(at(35), TimeDelta::minutes(20), TimeDelta::minutes(20)).await.unwrap();
    assert_eq!(store.signs_between(at(0), at(60)).await.unwrap(), [sign(30, 40, "")]);
}

#[tokio::test]
async fn something_that_is_no_store_is_not_taken_for_an_old_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("monitor.db");
    assert!(matches!(Store::open_current(&path).await, Err(StoreError::Absent(_))));
    std::fs::write(
        &path,
        "not a database, but long enough to be looked at as if it were one, which takes a hundred characters or so",
    )
    .unwrap();
    for refused in [Store::open_current(&path).await, Store::open_for_orders(&path).await] {
        assert!(matches!(refused, Err(StoreError::Database { .. })), "{refused:?}");
    }
    std::fs::write(&path, "").unwrap();
    assert!(matches!(Store::open_current(&path).await, Err(StoreError::TooOld(_))));
}

/// A day of lines: service, usage type, resource, amount.
fn bill(day: &str, lines: &[(&str, &str, &str, &str)]) -> DayCharges {
    let mut of_day = DayCharges::new(day.parse().unwrap());
    for (service, usage_type, resource, amount) in lines {
        let key = ChargeKey {
            service: (*service).into(),
            record_type: "Usage".into(),
            usage_type: (*usage_type).into(),
            account: "111122223333".into(),
            resource: (*resource).into(),
            currency: "USD".into(),
        };
        of_day.add(
            key,
            ChargeAmount {
                amount: amount.parse().unwrap(),
                quantity: Some("0.5".parse().unwrap()),
                unit: "Hrs".into(),
            },
        );
    }
    of_day
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[tokio::test]
async fn the_lines_of_a_bill_come_back_with_what_they_add_up_to() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let first = bill(
        "2024-11-30",
        &[
            ("RDS", "db.t3", "arn:a", "0.41"),
            ("RDS", "db.t3", "arn:b", "0.0000000000000000000000000001"),
            ("S3", "", "", "-1"),
        ],
    );
    let second = bill("2024-12-01", &[("RDS", "db.t3", "arn:a", "2")]);
    let days = [first.clone(), second.clone()];
    assert_eq!(store.write_bill("import", now(), days.clone(), day("2024-12-01")).await.unwrap(), 2);
    let expected = vec![("import".to_owned(), first), ("import".to_owned(), second)];
    assert_eq!(store.bill_lines(day("2024-11-01"), day("2025-01-01")).await.unwrap(), expected);
    assert_eq!(store.bill_lines(day("2024-12-01"), day("2024-12-02")).await.unwrap(), expected[1..]);
    assert_eq!(store.bill_lines(day("2024-12-02"), day("2025-01-01")).await.unwrap(), []);

    let november = store.month(Month::of(day("2024-11-30"))).await.unwrap().days;
    assert_eq!((november.len(), november[0].settled), (1, true));
    assert_eq!(november[0].services["RDS"].amount.to_string(), "0.4100000000000000000000000001");
    assert!(!store.month(Month::of(day("2024-12-01"))).await.unwrap().days[0].settled);

    let later = now() + TimeDelta::hours(1);
    assert_eq!(
        store.write_bill("import", later, days, day("2024-12-01")).await.unwrap(),
        0,
        "the same again changes nothing"
    );
    assert_eq!(store.seen_between(later, later + TimeDelta::days(1)).await.unwrap(), []);
    // What was seen before cannot replace what is known.
    let earlier = now() - TimeDelta::hours(1);
    store
        .write_bill("import", earlier, [bill("2024-12-01", &[("RDS", "db.t3", "arn:a", "1")])], day("2024-12-01"))
        .await
        .unwrap();
    assert_eq!(store.bill_lines(day("2024-12-01"), day("2024-12-02")).await.unwrap(), expected[1..]);
}

#[tokio::test]
async fn of_two_sources_the_newer_counts_unless_the_other_tells_more_and_says_the_same() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let fine = |amount| bill("2024-12-01", &[("RDS", "db.t3", "arn:a", amount), ("RDS", "db.t3", "arn:b", "1")]);
    let coarse = bill("2024-12-01", &[("RDS", "", "", "3")]);
    let at = |hours: i64| now() + TimeDelta::hours(hours);
    for (hours, source, lines, counts) in [
        (0, "import", fine("2"), "import"),
        (1, "watch.spend", coarse.clone(), "import"),
        // Half a cent is more than rounding.
        (2, "import", fine("2.005"), "import"),
        (3, "watch.spend", bill("2024-12-01", &[("RDS", "", "", "3.0")]), "watch.spend"),
        (4, "import", fine("2.0049"), "import"),
        (5, "watch.spend", coarse, "import"),
    ] {
        store.write_bill(source, at(hours), [lines], day("2024-12-01")).await.unwrap();
        assert_eq!(
            store.bill_lines(day("2024-12-01"), day("2024-12-02")).await.unwrap()[0].0,
            counts,
            "after {hours} h"
        );
    }
}

#[tokio::test]
async fn a_bill_that_cannot_be_written_to_its_end_is_not_written() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let full = "CREATE TRIGGER full BEFORE INSERT ON bill_day WHEN new.day = '2024-12-02' BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    store.run(|database| database.batch(full)).await.unwrap();
    let days = ["2024-12-01", "2024-12-02"].map(|day| bill(day, &[("RDS", "", "", "1")]));
    let refused = store.write_bill("import", now(), days, day("2025-01-01")).await.unwrap_err();
    assert!(refused.to_string().contains("disk full"), "{refused}");
    assert_eq!(store.bill_lines(day("2024-12-01"), day("2025-01-01")).await.unwrap(), []);
    assert_eq!(store.month(Month::of(day("2024-12-01"))).await.unwrap().days, []);
}

#[tokio::test]
async fn lines_that_a_source_saw_are_committed_with_everything_else() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let lines = bill("2024-12-01", &[("RDS", "db.t3", "", "2")]);
    write(
        &store,
        vec![
            seen(now(), ObservationBody::Cost(lines.day_cost(true))),
            seen(now(), ObservationBody::Lines(lines.clone())),
        ],
    )
    .await;
    assert_eq!(store.bill_lines(day("2024-12-01"), day("2024-12-02")).await.unwrap(), [("watch.x".to_owned(), lines)]);
    assert_eq!(
        store.month(Month::of(day("2024-12-01"))).await.unwrap().days[0].services["RDS"].amount.to_string(),
        "2"
    );
}

#[tokio::test]
async fn a_booking_that_is_not_polled_again_holds_up_no_commit_and_the_cap_holds_over_processes() {
    use model::own_calls::BookingOutcome;
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let (day, cent, cap) = (
        NaiveDate::from_ymd_opt(2024, 12, 10).unwrap(),
        rust_decimal::Decimal::new(1, 2),
        rust_decimal::Decimal::new(3, 2),
    );
    let ledger = store.ledger();
    let mut booking = Box::pin(ledger.book(day, "ce:GetCostAndUsage", cent, cap));
    // A loop begins it, and then waits for the store itself. On a busy machine it may be done already.
    let begun = futures::poll!(&mut booking);
    write(&store, vec![]).await;
    assert!(store.data_version().await.is_ok());
    let booked = match begun {
        std::task::Poll::Ready(booked) => booked,
        std::task::Poll::Pending => booking.await,
    };
    assert_eq!(booked, Ok(BookingOutcome::Yes));
    let other = Store::open_read_only(&folder.path().join("monitor.db")).await.unwrap();
    assert_eq!(other.own_cost(Month::of(day)).await.unwrap(), cent);
    for (booked, spent) in [
        (BookingOutcome::Yes, 2),
        (BookingOutcome::Yes, 3),
        (BookingOutcome::CapReached(rust_decimal::Decimal::new(3, 2)), 3),
    ] {
        assert_eq!(ledger.book(day, "ce:GetCostAndUsage", cent, cap).await, Ok(booked));
        assert_eq!(other.own_cost(Month::of(day)).await.unwrap(), rust_decimal::Decimal::new(spent, 2));
    }
    ledger.strike(day, "ce:GetCostAndUsage", cent).await.unwrap();
    assert_eq!(other.own_cost(Month::of(day)).await.unwrap(), rust_decimal::Decimal::new(2, 2));
    // Another month has a cap of its own.
    assert_eq!(ledger.book(day + TimeDelta::days(30), "ce:GetCostAndUsage", cent, cap).await, Ok(BookingOutcome::Yes));
}

#[tokio::test]
async fn a_store_that_is_closed_says_so_and_can_be_opened_again_although_its_ledger_is_still_there() {
    use model::own_calls::BookingOutcome;
    let folder = TempDir::new().unwrap();
    let (cent, cap) = (rust_decimal::Decimal::new(1, 2), rust_decimal::Decimal::ONE);
    let mut ledgers = vec![];
    for dropped in [true, false] {
        let store = store(&folder).await;
        let ledger = store.ledger();
        // What was begun is done before the file is closed, also if nothing waits for it any more. On a busy machine it
        // may be done already when the first poll returns.
        let mut booking = Box::pin(ledger.book(day("2024-12-10"), "x", cent, cap));
        let _begun = futures::poll!(&mut booking);
        drop(booking);
        if dropped {
            drop(store);
        } else {
            store.close().await;
        }
        ledgers.push(ledger);
    }
    let store = store(&folder).await;
    assert_eq!(store.own_cost(Month::of(day("2024-12-10"))).await.unwrap(), rust_decimal::Decimal::new(2, 2));
    for ledger in ledgers {
        let refused = ledger.book(day("2024-12-10"), "x", cent, cap).await.unwrap_err();
        assert_eq!(refused, format!("the store at {} is closed", store.path().display()));
    }
    assert_eq!(store.ledger().book(day("2024-12-10"), "x", cent, cap).await, Ok(BookingOutcome::Yes));
}
