//! The daemon is killed (SIGKILL) again and again while bills rise and fall and receivers ask it to slow down; then everything it
//! decided to tell is compared with what the receivers took.
//!
//! ```sh
//! MONITOR_KILL_POINTS=1000 MONITOR_KILL_SEED=7 cargo test --test it kill -- --nocapture
//! ```
//!
//! Without the variables: 50 points, seed 1.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use monitor::store::Store;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;

use crate::support::mail::{MailOptions, MailServer};
use crate::support::program::{Program, monitor};
use crate::support::stack::{Emulator, aws_env};
use crate::support::wait;
use crate::support::webhook::{Reply, Webhook};
use crate::world::{answer, billed};

/// Services whose bills rise and fall.
const SERVICES: [&str; 6] =
    ["Amazon Relational Database Service", "AWS Lambda", "Amazon CloudFront", "AWS Secrets Manager", "Amazon <SQS> & more", "Amazon Route 53"];
/// Amounts in dollars: clear, over the limit, and so far over it that it is critical.
const AMOUNTS: [&str; 3] = ["1", "15", "45"];
/// How long it may take until everything has been told once nobody is killed any more: the longest pause after an attempt without an
/// answer is 30 minutes, but it begins with 15 s, and attempts without an answer do not follow each other here.
const DRAIN: Duration = Duration::from_secs(120);

struct Rig {
    folder: TempDir,
    moto: Emulator,
    mail: MailServer,
    slack: Webhook,
}

impl Rig {
    async fn new(random: &mut fastrand::Rng) -> Self {
        let (moto, mail) = (Emulator::moto().await, MailServer::start(MailOptions::default()).await);
        let rig = Self { folder: TempDir::new().expect("a folder"), moto, mail, slack: Webhook::start(replies(random, "ok")) };
        fs::write(rig.folder.path().join("alerts.toml"), rig.tables()).expect("the configuration");
        rig
    }

    fn tables(&self) -> String {
        format!(
            r#"
[aws]
max_monthly_usd = "100000"
[watch.spend]
every = "1s"
read.cost_explorer = {{}}
[alert.bill]
when.cost_above = {{ service = "*", usd = "10" }}
critical_at = "4x"
tell = ["slack", "mail"]
[receiver.slack]
group_wait = "0s"
via.slack = {{ webhook = {{ env = "HOOK" }} }}
[receiver.mail]
group_wait = "0s"
via.email = {{ smtp = "smtp://127.0.0.1:{}", tls = "none", from = "monitor@stepby.one", to = ["me@stepby.one"] }}
"#,
            self.mail.port()
        )
    }

    fn monitor(&self) -> Program {
        let url = self.moto.url();
        monitor(self.folder.path()).args(["run"]).envs(aws_env(&url, &[])).env("HOOK", format!("{}/services/x", self.slack.url()))
    }

    /// From now on the month costs this.
    async fn costs(&self, amounts: &[&str]) {
        let today = Utc::now().date_naive();
        let (day, end) = (today.to_string(), (today + TimeDelta::days(1)).to_string());
        let services: Vec<(&str, &str)> = SERVICES.iter().copied().zip(amounts.iter().copied()).collect();
        let page = answer(&[billed(&day, &end, true, &services)], None);
        self.moto.reset_moto().await;
        // The first request after midnight, or of a new store, is another one.
        self.moto.queue_cost_results(&[page.clone(), page.clone(), page]).await;
    }

    /// How many requests and mails have come.
    fn arrived(&self) -> usize {
        self.slack.requests().len() + self.mail.mails().len()
    }
}

/// One answer in ten asks for a pause, one in thirty is an error, one in fifty none at all.
fn replies(random: &mut fastrand::Rng, ok: &str) -> Vec<Reply> {
    let reply = |random: &mut fastrand::Rng| match random.u32(0..150) {
        0..15 => Reply::status(429).header("Retry-After", "1"),
        15..20 => Reply::status(503),
        20 => Reply::Close,
        _ => Reply::status(200).body(ok),
    };
    let mut all: Vec<Reply> = (0..5000).map(|_| reply(random)).collect();
    all.push(Reply::status(200).body(ok));
    all
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {value}")))
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_is_told_twice_however_often_it_is_killed() {
    let (points, seed) = (number("MONITOR_KILL_POINTS", 50), number("MONITOR_KILL_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let rig = Rig::new(&mut random).await;
    let mut amounts = vec![AMOUNTS[0]; SERVICES.len()];
    rig.costs(&amounts).await;
    for _ in 0..points {
        if random.u32(0..3) == 0 {
            let changed = random.usize(0..SERVICES.len());
            amounts[changed] = AMOUNTS[random.usize(0..AMOUNTS.len())];
            rig.costs(&amounts).await;
        }
        let before = rig.arrived();
        let mut running = rig.monitor().spawn();
        // Half of the time whatever it does after a while, half of the time right after something has arrived: before the answer, or
        // between the answer and the commit.
        let (started, most) = (Instant::now(), Duration::from_millis(random.u64(20..600)));
        let after_arrival = random.bool();
        let late = Duration::from_micros(random.u64(0..4000));
        while started.elapsed() < most && !(after_arrival && rig.arrived() > before) {
            std::thread::yield_now();
        }
        let arrived = Instant::now();
        while after_arrival && arrived.elapsed() < late {
            std::thread::yield_now();
        }
        running.kill9();
    }
    rig.costs(&[AMOUNTS[0]; SERVICES.len()]).await;
    let running = rig.monitor().spawn();
    let database = database(rig.folder.path()).await;
    let end = Instant::now() + DRAIN;
    while !is_quiet(&database).await {
        assert!(
            Instant::now() < end,
            "something still waits: {:?}",
            Store::open_read_only(&rig.folder.path().join("monitor.db")).await.expect("the store").backlog().await
        );
        tokio::time::sleep(wait::PAUSE).await;
    }
    running.terminate();
    tokio::task::spawn_blocking(|| running.wait(Duration::from_secs(20))).await.expect("the program");
    let counts = Counts::of(&rig, &database).await;
    #[expect(clippy::print_stdout, reason = "the figures are what the harness is for")]
    {
        println!("{points} kills, seed {seed}: {counts:#?}");
    }
    counts.check();
}

async fn database(folder: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(folder.join("monitor.db")).read_only(true).busy_timeout(Duration::from_secs(10));
    SqlitePool::connect_with(options).await.expect("the store")
}

/// Whether every incident is over and everything has been told.
async fn is_quiet(database: &SqlitePool) -> bool {
    let query = "SELECT (SELECT count(*) FROM incident WHERE resolved IS NULL) + (SELECT count(*) FROM notification WHERE done IS NULL)
        + (SELECT count(*) FROM message WHERE sent IS NULL)";
    sqlx::query(query).fetch_one(database).await.expect("a count").get::<i64, _>(0) == 0
}

/// What was decided, and what arrived.
#[derive(Debug, Default)]
struct Counts {
    incidents: usize,
    /// Incidents of one rule and subject that were open at the same time.
    overlapping: usize,
    /// Incidents that were told and whose opening or end has no notification, or more than one.
    not_notified: usize,
    notifications: usize,
    dropped: usize,
    receivers: BTreeMap<String, Arrived>,
}

/// What a receiver took, against what the store says it was told.
#[derive(Debug, Default)]
struct Arrived {
    /// Messages that the store says have arrived.
    told: usize,
    /// Messages that arrived, each counted once.
    distinct: usize,
    /// Arrivals beyond the first of a message.
    repeats: usize,
    /// Of these, the ones that say that they may be repeats, or that the receiver can tell by a key.
    recognisable: usize,
    /// Messages in the store that never arrived.
    lost: usize,
    /// What arrived and stands nowhere in the store: it was told again in other words.
    strays: usize,
}

impl Counts {
    async fn of(rig: &Rig, database: &SqlitePool) -> Self {
        let mut counts = Self::default();
        let mut lives: BTreeMap<(String, String), Vec<(i64, i64)>> = BTreeMap::new();
        for row in
            sqlx::query("SELECT id, rule, subject, opened, resolved, fired FROM incident ORDER BY opened, id").fetch_all(database).await.expect("incidents")
        {
            let (id, opened, resolved): (String, i64, i64) = (row.get(0), row.get(3), row.get(4));
            counts.incidents += 1;
            lives.entry((row.get(1), row.get(2))).or_default().push((opened, resolved));
            let told = "SELECT count(*) FILTER (WHERE event = 'firing'), count(*) FILTER (WHERE event IN ('resolved', 'closed')), count(DISTINCT receiver)
                FROM notification WHERE incident = ?1";
            let told = sqlx::query(told).bind(&id).fetch_one(database).await.expect("counts");
            let (openings, ends, receivers): (i64, i64, i64) = (told.get(0), told.get(1), told.get(2));
            counts.not_notified += usize::from(openings != receivers || ends != receivers || receivers == 0);
        }
        counts.overlapping = lives.values().flat_map(|lives| lives.windows(2)).filter(|pair| pair[0].1 > pair[1].0).count();
        let told = sqlx::query("SELECT count(*), count(dropped) FROM notification").fetch_one(database).await.expect("counts");
        (counts.notifications, counts.dropped) = (told.get::<i64, _>(0) as usize, told.get::<i64, _>(1) as usize);
        let told = |receiver: &'static str| async move {
            let rows = sqlx::query(
                "SELECT body ->> '$.at', json_array_length(body, '$.news'), body ->> '$.news[0].incident', body ->> '$.news[0].event' FROM message WHERE receiver = ?1 AND sent IS NOT NULL",
            );
            rows.bind(receiver).fetch_all(database).await.expect("messages").len()
        };
        counts.receivers.insert("slack".to_owned(), slack(rig, told("slack").await));
        counts.receivers.insert("mail".to_owned(), mail(rig, told("mail").await));
        counts
    }

    fn check(&self) {
        assert!(self.incidents > 0 && self.notifications > 0, "nothing has happened");
        assert_eq!((self.overlapping, self.not_notified), (0, 0), "an incident was opened twice, or not told");
        for (receiver, arrived) in &self.receivers {
            assert!(arrived.told > 0, "{receiver} was told nothing");
            assert_eq!((arrived.lost, arrived.strays), (0, 0), "{receiver}");
            assert_eq!(arrived.repeats, arrived.recognisable, "{receiver}: a repeat that nobody can tell");
        }
    }
}

/// A plain webhook knows a message by what it says, but for the mark of a possible repeat.
fn slack(rig: &Rig, told: usize) -> Arrived {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut arrived = Arrived { told, ..Arrived::default() };
    for request in rig.slack.accepted() {
        let content = request.body.replace(" · possible repeat", "");
        if seen.insert(content.clone()) {
            arrived.distinct += 1;
        } else {
            arrived.repeats += 1;
            arrived.recognisable += usize::from(content != request.body);
        }
    }
    arrived.compare()
}

/// A mail reader folds mails with the same Message-ID.
fn mail(rig: &Rig, told: usize) -> Arrived {
    let mails = rig.mail.mails();
    let id = |mail: &String| mail.lines().find_map(|line| line.strip_prefix("Message-ID: ").map(str::to_owned)).expect("a Message-ID");
    let ids: Vec<String> = mails.iter().map(id).collect();
    let distinct = ids.iter().collect::<BTreeSet<_>>().len();
    Arrived { told, distinct, repeats: ids.len() - distinct, recognisable: ids.len() - distinct, ..Arrived::default() }.compare()
}

impl Arrived {
    fn compare(self) -> Self {
        Self { lost: self.told.saturating_sub(self.distinct), strays: self.distinct.saturating_sub(self.told), ..self }
    }
}
