//! A store that any earlier version of this program has written is brought up to date, and nothing of it is lost.

use std::collections::BTreeMap;
use std::path::Path;

use alerting::observation::{Observation, ObservationBody};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::tally::{InvocationCounts, MemoryUse};
use model::calendar::Month;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::migrations::MIGRATIONS;
use crate::{Commit, Durability, Store, StoreError};

fn now() -> DateTime<Utc> {
    "2024-12-20T12:00:00Z".parse().unwrap()
}

/// Makes a store as an earlier version of this program made it: the schema up to a version, noted in the table of the
/// library that the first versions used, and some rows.
fn old_store(path: &Path, version: usize, rows: &str) {
    let file = rusqlite::Connection::open(path).unwrap();
    let versions = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
        installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)";
    file.execute_batch(versions).unwrap();
    for (sql, number) in MIGRATIONS.iter().zip(1..=version) {
        file.execute_batch(sql).unwrap();
        file.execute("INSERT INTO _sqlx_migrations VALUES (?1, 'x', '2024-12-20 11:00:00', 1, x'00', 1)", [number])
            .unwrap();
    }
    file.execute_batch(rows).unwrap();
}

/// 2024-12-20T11:00:00Z in milliseconds.
const AT: &str = "1734692400000";
const FINDING: &str = r#"{"headline":"It costs.","said":[],"facts":[],"cause":null,"next_step":"Look.","evidence":[]}"#;

/// Versions of the schema from the first to the last that wrote a row so, the row, and what of it can be read now.
const ROWS: &[(usize, usize, &str, &str)] = &[
    (
        1,
        8,
        r#"INSERT INTO cost_day VALUES ('watch.bill', '2024-12-18', AT, '{"day":"2024-12-18","estimated":false,"settled":true,"services":{"RDS":{"amount":"1.5","currency":"USD"}}}')"#,
        "cost of 2024-12-18: RDS 1.5 USD",
    ),
    (
        1,
        8,
        r#"INSERT INTO observation (kind, at, seen, source, body) VALUES ('fault', AT, AT, 'watch.x',
            '{"function":"f","cause":"oom","confidence":"proved","request_id":null,"finding":"It is so.","evidence":[]}')"#,
        "fault of f at 11:00",
    ),
    (
        1,
        8,
        r#"INSERT INTO observation (kind, at, seen, source, body) VALUES ('ping', AT, AT, 'warm.x',
            '{"function":"g","outcome":"warm","cause":null,"startup_unfinished":false,"duration_ms":1,"billed_ms":2,"memory_mb":128,"usd":"0.1","evidence":[]}')"#,
        "ping of g at 11:00",
    ),
    (
        1,
        1,
        "INSERT INTO lambda_minute VALUES ('f', AT, AT, 3, 1, 1, 0, 0, 90, 80, 0); INSERT INTO lambda_day VALUES ('f', '2024-12-20', 3, 1, 1, 0, 0, 90, 80, 0)",
        "minute of f at 11:00: 3, 0 durations, memory None; month of f: 3, 0 durations, memory None",
    ),
    (
        2,
        7,
        r#"INSERT INTO lambda_minute VALUES ('f', AT, AT, 3, 1, 1, 0, 0, 90, 80, 0, '{"longest":12000,"300":3}', 90, 128);
            INSERT INTO lambda_day VALUES ('f', '2024-12-20', 3, 1, 1, 0, 0, 90, 80, 0, '{"longest":12000,"300":3}', 90, 128)"#,
        "minute of f at 11:00: 3, 3 durations, memory Some(90); month of f: 3, 3 durations, memory Some(90)",
    ),
    (
        8,
        8,
        r#"INSERT INTO lambda_minute VALUES ('f', AT, AT, 3, 1, 1, 0, 0, 90, 80, 0, '{"longest":12000,"300":3}', 90, 128, 30, 90);
            INSERT INTO lambda_day VALUES ('f', '2024-12-20', 3, 1, 1, 0, 0, 90, 80, 0, '{"longest":12000,"300":3}', 90, 128, 30, 90)"#,
        "minute of f at 11:00: 3, 3 durations, memory Some(90); month of f: 3, 3 durations, memory Some(90)",
    ),
    (1, 8, "INSERT INTO cause_day VALUES ('f', '2024-12-20', 'oom', 2)", "f in December: oom 2"),
    (
        1,
        8,
        r#"INSERT INTO source VALUES ('watch.x', AT, '{"since":"2024-12-01T00:00:00Z","answered":null,"failing":null}')"#,
        "source watch.x, polled at 11:00",
    ),
    (1, 8, "INSERT INTO cursor VALUES ('watch.x', 'f', 'here')", "cursor of watch.x: f here"),
    (1, 8, "INSERT INTO spend VALUES ('2024-12-20', 'ce:GetCostAndUsage', '0.01', 3)", "spent 0.03"),
    (2, 8, "INSERT INTO error VALUES ('f', 'KeyError', AT, AT, AT, 'oom', 'x')", "error KeyError of f, first at 11:00"),
    (
        1,
        2,
        r#"INSERT INTO incident VALUES ('bill', 'service:RDS', AT, AT, NULL,
            '{"rule":"bill","subject":{"service":"RDS"},"severity":"warning","state":"firing","opened":"2024-12-20T11:00:00Z","fired":"2024-12-20T11:00:00Z","told":"2024-12-20T11:00:00Z","resolved":null,"finding":FINDING,"causes":[],"receivers":["team"]}');
            INSERT INTO outbox (key, receiver, created, body, attempts, sent, receipt) VALUES ('k', 'team', AT,
            '{"key":"k","receiver":"team","message":{"rule":"bill","subject":"service:RDS","severity":"warning","event":"firing","at":"2024-12-20T11:00:00Z","since":"2024-12-20T11:00:00Z","finding":FINDING,"why":null}}', 2, AT, 'r')"#,
        "incident bill/service:RDS/1734692400000; team told of it at 11:00, receipt r, in 2 attempts: [warning] It costs.",
    ),
    (
        3,
        8,
        r#"INSERT INTO incident VALUES ('bill/service:RDS/1734692400000', 'bill', 'service:RDS', AT, AT, NULL,
            '{"id":"bill/service:RDS/1734692400000","rule":"bill","subject":{"service":"RDS"},"severity":"warning","state":"firing","opened":"2024-12-20T11:00:00Z","fired":"2024-12-20T11:00:00Z","told":"2024-12-20T11:00:00Z","resolved":null,"finding":FINDING,"causes":[],"receivers":["team"]}');
            INSERT INTO message (id, key, receiver, sealed, body, attempts, sent, receipt) VALUES (1, 'k', 'team', AT,
            '{"at":"2024-12-20T11:00:00Z","news":[{"incident":"bill/service:RDS/1734692400000","rule":"bill","subject":"service:RDS","severity":"warning","event":"firing","at":"2024-12-20T11:00:00Z","since":"2024-12-20T11:00:00Z","finding":FINDING,"why":null}]}', 2, AT, 'r');
            INSERT INTO notification (key, incident, receiver, event, at, message, attempts, done) VALUES ('k', 'bill/service:RDS/1734692400000', 'team', 'firing', AT, 1, 2, AT)"#,
        "incident bill/service:RDS/1734692400000; team told of it at 11:00, receipt r, in 2 attempts: [warning] It costs.",
    ),
    (
        3,
        8,
        r#"INSERT INTO receiver VALUES ('team', '{"took":"2024-12-20T11:00:00Z","failing":null,"attempts":0,"not_before":null,"told_to_wait":false}')"#,
        "receiver team took something at 11:00",
    ),
    (
        3,
        8,
        "INSERT INTO silence (rule, subject, begins, ends, author, reason) VALUES ('bill', '*', AT, AT + 86400000, 'kim', 'move')",
        "silence 1 of kim: move",
    ),
    (
        3,
        8,
        "INSERT INTO ack VALUES ('bill/service:RDS/1734692400000', 'kim', AT, 'mine')",
        "acknowledged by kim at 11:00: mine",
    ),
    (
        3,
        8,
        "INSERT INTO metric_point VALUES ('f', 'Errors', AT, AT, '[60,3.0,1.0,0.25]')",
        "point Errors of f at 11:00: 3 in 60 s",
    ),
    (4, 8, "INSERT INTO sign VALUES ('watch.x', 'state', '', AT, AT, NULL)", "sign of watch.x since 11:00"),
    (
        5,
        8,
        r#"INSERT INTO bill_day VALUES ('import', '2024-12-18', AT,
            '{"estimated":false,"words":["RDS","Usage","db.t3","111122223333","","USD","Hrs"],"lines":[[[0,1,2,3,4,5,6],"1.5","0.5"]]}')"#,
        "1 line of import for 2024-12-18",
    ),
    (
        6,
        8,
        r#"INSERT INTO inventory VALUES ('watch.i', 'nat_gateway', 'eu-west-1', '2024-12-20', AT, '{"kind":"nat_gateway","region":"eu-west-1","resources":[]}')"#,
        "inventory of nat_gateway in eu-west-1",
    ),
    (
        8,
        7,
        r#"INSERT INTO early VALUES ('watch.e', 'charges', '2024-12-20', AT, '{"origin":"charges","day":"2024-12-20","as_of":"2024-12-20T11:00:00Z","services":{},"total":{"month_to_date":"7","today":null}}')"#,
        "early figure of 2024-12-20: 7 USD",
    ),
];

fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M").to_string()
}

/// Everything that can be read of a store, a line each.
async fn readings(store: &Store) -> Vec<String> {
    let month = store.month(Month::of(now().date_naive())).await.unwrap();
    let loaded = store.load(now(), TimeDelta::hours(26)).await.unwrap();
    let seen = store.seen_between(now() - TimeDelta::days(2), now()).await.unwrap();
    let mut lines = Vec::new();
    for day in &month.past {
        let services: Vec<String> = day
            .services
            .iter()
            .map(|(service, money)| format!("{service} {} {}", money.amount, money.currency))
            .collect();
        lines.push(format!("cost of {}: {}", day.day, services.join(", ")));
    }
    for Observation { at, what, .. } in &seen {
        let at = clock(*at);
        match what {
            ObservationBody::Fault(fault) => lines.push(format!("fault of {} at {at}", fault.function)),
            ObservationBody::Ping(ping) => lines.push(format!("ping of {} at {at}", ping.function)),
            ObservationBody::Metric(point) => lines.push(format!(
                "point {} of {} at {at}: {} in {} s",
                point.metric, point.function, point.sum, point.period
            )),
            ObservationBody::Tally(minute) => {
                let shown = |of: &InvocationCounts| {
                    format!(
                        "{}, {} durations, memory {:?}",
                        of.invocations,
                        of.durations.count(),
                        of.memory.map(|memory| memory.used_mb)
                    )
                };
                let of_month = month.tallies.iter().find(|tally| tally.function == minute.function).unwrap();
                lines.push(format!(
                    "minute of {0} at {at}: {1}; month of {0}: {2}",
                    minute.function,
                    shown(minute),
                    shown(of_month)
                ));
            }
            ObservationBody::Inventory(inventory) => {
                lines.push(format!("inventory of {} in {}", inventory.kind.word(), inventory.region));
            }
            ObservationBody::Early(figure) => {
                lines.push(format!("early figure of {}: {} USD", figure.day, figure.total.unwrap().month_to_date));
            }
            _ => {}
        }
    }
    for tally in &month.tallies {
        lines.extend(
            tally
                .causes
                .iter()
                .map(|(cause, count)| format!("{} in December: {} {count}", tally.function, cause.code())),
        );
    }
    lines.extend(
        loaded
            .sources
            .iter()
            .map(|source| format!("source {}, polled at {}", source.name, clock(source.polled.unwrap()))),
    );
    for (source, of_source) in &loaded.cursors {
        lines.extend(of_source.iter().map(|(key, value)| format!("cursor of {source}: {key} {value}")));
    }
    lines.push(format!("spent {}", loaded.spent));
    lines.extend(
        loaded
            .errors
            .iter()
            .map(|error| format!("error {} of {}, first at {}", error.fingerprint, error.function, clock(error.first))),
    );
    let messages: BTreeMap<i64, String> = store
        .messages(DateTime::UNIX_EPOCH)
        .await
        .unwrap()
        .into_iter()
        .map(|message| (message.id, message.message.title()))
        .collect();
    for record in store.records(loaded.open.into_values().collect()).await.unwrap() {
        for told in &record.told {
            let (id, receiver, attempts) = (&record.incident.id, &told.receiver, told.attempts);
            let (done, receipt, title) =
                (clock(told.done.unwrap()), told.receipt.as_deref().unwrap(), &messages[&told.message.unwrap()]);
            lines.push(format!(
                "incident {id}; {receiver} told of it at {done}, receipt {receipt}, in {attempts} attempts: {title}"
            ));
        }
        lines.extend(
            record.ack.iter().map(|ack| format!("acknowledged by {} at {}: {}", ack.author, clock(ack.at), ack.note)),
        );
    }
    lines.extend(
        loaded
            .receivers
            .iter()
            .map(|(name, state)| format!("receiver {name} took something at {}", clock(state.took.unwrap()))),
    );
    lines.extend(
        loaded
            .orders
            .silences
            .iter()
            .map(|silence| format!("silence {} of {}: {}", silence.id, silence.author, silence.reason)),
    );
    lines.extend(loaded.signs.iter().map(|sign| format!("sign of {} since {}", sign.source, clock(sign.since))));
    lines.extend(month.lines.iter().map(|day| format!("{} line of import for {}", day.lines.len(), day.day)));
    lines.sort();
    lines
}

#[tokio::test]
async fn a_store_of_every_earlier_version_is_brought_up_to_date_with_all_that_is_in_it() {
    for version in 1..=MIGRATIONS.len() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("monitor.db");
        let of_version = || ROWS.iter().filter(|(first, last, ..)| (*first..=*last).contains(&version));
        let rows: Vec<String> =
            of_version().map(|(_, _, row, _)| row.replace("AT", AT).replace("FINDING", FINDING)).collect();
        old_store(&path, version, &rows.join(";\n"));
        let mut expected: Vec<&str> = of_version().map(|(.., reading)| *reading).collect();
        expected.sort_unstable();
        for opened in ["the first time", "again"] {
            let store = Store::open(&path, Durability::None).await.unwrap();
            assert_eq!(readings(&store).await, expected, "a store of version {version} that is opened {opened}");
            store.close().await;
        }
        Store::open_current(&path).await.unwrap().close().await;
    }
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_not_touched() {
    for note in
        ["PRAGMA user_version = 9", "INSERT INTO _sqlx_migrations VALUES (9, 'x', '2024-12-20 11:00:00', 1, x'00', 1)"]
    {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("monitor.db");
        old_store(&path, 8, note);
        let refused = Store::open(&path, Durability::None).await.map(drop);
        assert!(matches!(refused, Err(StoreError::TooNew(_))), "{note}: {refused:?}");
    }
}

#[tokio::test]
async fn a_change_of_the_schema_that_fails_leaves_the_store_as_it_was() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("monitor.db");
    // The sixth version makes a table of this name.
    old_store(&path, 4, "CREATE TABLE inventory (x)");
    for _ in 0..2 {
        let refused = Store::open(&path, Durability::None).await.map(drop).unwrap_err();
        assert!(refused.to_string().contains("table inventory already exists"), "{refused}");
    }
    rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TABLE inventory").unwrap();
    Store::open(&path, Durability::None).await.unwrap();
}

#[test]
fn a_version_of_the_schema_that_was_released_does_not_change() {
    let released = [
        "ebd7eafb14e93e4c",
        "247d37db5d4f3a4f",
        "42014b144169b2e6",
        "eb32e20aea29169d",
        "a58e00aaeaec761d",
        "fd94911919b22217",
        "4359b2df8ed3b786",
        "a2839dc0a661d225",
    ];
    let digests: Vec<String> = MIGRATIONS
        .iter()
        .map(|sql| Sha256::digest(sql).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
        .collect();
    assert_eq!(digests, released);
}

#[tokio::test]
async fn a_store_of_version_1_is_read_and_brought_up_to_date() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("monitor.db");
    let written = "INSERT INTO lambda_minute VALUES ('f', 1734696000000, 1734696000000, 3, 1, 1, 0, 0, 90, 80, 0);
         INSERT INTO lambda_day VALUES ('f', '2024-12-20', 3, 1, 1, 0, 0, 90, 80, 0);
         INSERT INTO observation (kind, at, seen, source, body) VALUES ('fault', 1734696000000, 1734696000000, 'watch.x',
            '{\"function\":\"f\",\"cause\":\"oom\",\"confidence\":\"proved\",\"request_id\":null,\"finding\":\"It is so.\",\"evidence\":[]}');";
    old_store(&path, 1, written);

    let month = Month::of(now().date_naive());
    let before = Store::open_read_only(&path).await.unwrap().month(month).await.unwrap();
    assert_eq!(
        (before.tallies[0].invocations, before.tallies[0].durations.count()),
        (3, 0),
        "a report can be asked for before the daemon has run"
    );

    let store = Store::open(&path, Durability::None).await.unwrap();
    let loaded = store.load(now(), TimeDelta::hours(1)).await.unwrap();
    assert_eq!((loaded.observations.len(), loaded.errors.len()), (2, 0));
    let mut tally = InvocationCounts {
        function: "f".into(),
        invocations: 1,
        memory: Some(MemoryUse { used_mb: 90, size_mb: 128 }),
        ..InvocationCounts::default()
    };
    tally.durations.add(12.0);
    let seen = Observation { at: now(), seen: now(), source: "watch.x".into(), what: ObservationBody::Tally(tally) };
    store.commit(&Commit { observations: vec![seen], ..Commit::default() }).await.unwrap();
    let after = store.month(month).await.unwrap();
    assert_eq!((after.tallies[0].invocations, after.tallies[0].durations.quantile(100)), (4, Some(12.0)));
    assert_eq!(after.tallies[0].memory, Some(MemoryUse { used_mb: 90, size_mb: 128 }));
}

#[tokio::test]
async fn a_store_of_version_2_is_reported_from_at_once_and_looked_into_once_it_is_brought_up_to_date() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("monitor.db");
    let said = "\"rule\":\"bill\",\"subject\":\"S\",\"severity\":\"warning\"";
    let finding =
        "{\"headline\":\"It costs.\",\"said\":[],\"facts\":[],\"cause\":null,\"next_step\":\"Look.\",\"evidence\":[]}";
    let incident = format!(
        "{{{},\"state\":\"firing\",\"opened\":\"2024-12-20T11:00:00Z\",\"fired\":\"2024-12-20T11:00:00Z\",\"told\":\"2024-12-20T11:00:00Z\",\"resolved\":null,\"finding\":{finding},\"causes\":[],\"receivers\":[\"team\",\"me\"]}}",
        said.replace("\"S\"", "{\"service\":\"RDS\"}")
    );
    let message = format!(
        "{{\"key\":\"k\",\"receiver\":\"team\",\"message\":{{{},\"event\":\"firing\",\"at\":\"2024-12-20T11:00:00Z\",\"since\":\"2024-12-20T11:00:00Z\",\"finding\":{finding},\"why\":null}}}}",
        said.replace("\"S\"", "\"service:RDS\"")
    );
    let written = format!(
        "INSERT INTO incident VALUES ('bill', 'service:RDS', 1734692400000, 1734692400000, NULL, '{incident}');
         INSERT INTO outbox (key, receiver, created, body, attempts, sent, receipt) VALUES ('k', 'team', 1734692400000, '{message}', 2, 1734692460000, 'r');
         INSERT INTO outbox (key, receiver, created, body, attempts, last_error) VALUES ('l', 'me', 1734692400000, '{message}', 3, 'no');"
    );
    old_store(&path, 2, &written);

    let reported = Store::open_read_only(&path).await.unwrap().month(Month::of(now().date_naive())).await.unwrap();
    assert_eq!(reported.incidents[0].finding.headline, "It costs.");
    for refused in [Store::open_current(&path).await, Store::open_for_orders(&path).await] {
        let why = refused.unwrap_err().to_string();
        assert!(why.contains("was written by an older monitor; start the daemon of this version once"), "{why}");
    }

    Store::open(&path, Durability::None).await.unwrap().close().await;
    let store = Store::open_current(&path).await.unwrap();
    let incidents = store.incidents_called("bill/").await.unwrap();
    assert_eq!(
        incidents.iter().map(|incident| incident.id.as_str()).collect::<Vec<_>>(),
        ["bill/service:RDS/1734692400000"]
    );
    let told: Vec<_> = store.records(incidents).await.unwrap().remove(0).told;
    let became: Vec<_> = told
        .iter()
        .map(|told| {
            (
                told.receiver.as_str(),
                told.done.is_some(),
                told.attempts,
                told.receipt.as_deref(),
                told.last_error.as_deref(),
            )
        })
        .collect();
    assert_eq!(became, [("team", true, 2, Some("r"), None), ("me", false, 3, None, Some("no"))]);
    let messages = store.messages(now()).await.unwrap();
    assert_eq!(
        messages.iter().map(|message| (message.receiver.as_str(), message.message.title())).collect::<Vec<_>>(),
        [("me", "[warning] It costs.".to_owned())]
    );
    assert_eq!(store.subjects().await.unwrap(), ["service:RDS"]);
}
