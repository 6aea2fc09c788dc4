//! The daemon is killed (SIGKILL) repeatedly while bills rise and fall and receivers limit its rate; then everything it
//! decided to send is compared with what the receivers got.
//!
//! ```sh
//! MONITOR_KILL_POINTS=1000 MONITOR_KILL_SEED=7 cargo test --test it kill -- --nocapture
//! ```
//!
//! Without the variables: 50 points, seed 1. A point of death is a number of steps of the program, commits and messages
//! that have arrived, and not a time, so that a slow machine does the same work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use rusqlite::{Connection, OpenFlags};
use store::Store;
use tempfile::TempDir;

use crate::support::mail::{MailOptions, MailServer};
use crate::support::program::{Program, monitor};
use crate::support::slack_api::{Fault, SlackApi, TOKEN};
use crate::support::stack::{Emulator, aws_env};
use crate::support::wait;
use crate::support::webhook::{Reply, Request, Webhook};
use crate::world::{answer, billed};

/// Services whose bills rise and fall.
const SERVICES: [&str; 6] = [
    "Amazon Relational Database Service",
    "AWS Lambda",
    "Amazon CloudFront",
    "AWS Secrets Manager",
    "Amazon <SQS> & more",
    "Amazon Route 53",
];
/// Amounts in dollars: clear, over the limit, and so far over it that it is critical.
const AMOUNTS: [&str; 3] = ["1", "15", "45"];
/// How long it may take until everything has been told once nobody is killed any more: the longest pause after an
/// attempt without an answer is 30 minutes, but it begins with 15 s, and attempts without an answer do not follow each
/// other here.
const DRAIN: Duration = Duration::from_secs(240);
/// What one decision makes of its four receivers: a commit of its own, and for each a message that is sealed, arrives
/// and is done. A life ends after at most so many steps.
const MAX_STEPS: usize = 14;
/// A step that does not come within this never comes: a receiver asked to wait, or there is nothing to do.
const PATIENCE: Duration = Duration::from_secs(3);

struct Rig {
    folder: TempDir,
    moto: Emulator,
    mail: MailServer,
    slack: Webhook,
    api: Webhook,
    app: SlackApi,
}

impl Rig {
    async fn new(random: &mut fastrand::Rng) -> Self {
        let (moto, mail) = (Emulator::moto().await, MailServer::start(MailOptions::default()).await);
        let (slack, api) = (Webhook::start(replies(random, "ok")), Webhook::start(replies(random, "{}")));
        let rig = Self { folder: TempDir::new().expect("a folder"), moto, mail, slack, api, app: app(random) };
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
tell = ["slack", "mail", "api", "app"]
[receiver.slack]
group_wait = "0s"
via.slack = {{ webhook = {{ env = "HOOK" }} }}
[receiver.mail]
group_wait = "0s"
via.email = {{ smtp = "smtp://127.0.0.1:{}", tls = "none", from = "monitor@stepby.one", to = ["me@stepby.one"] }}
[receiver.api]
group_wait = "0s"
via.webhook = {{ url = {{ env = "API" }}, secret = {{ env = "API_SECRET" }} }}
[receiver.app]
group_wait = "0s"
{}
"#,
            self.mail.port(),
            self.app.settings()
        )
    }

    fn monitor(&self) -> Program {
        let url = self.moto.url();
        monitor(self.folder.path())
            .args(["run"])
            .envs(aws_env(&url, &[]))
            .env("HOOK", format!("{}/services/x", self.slack.url()))
            .env("API", format!("{}/x", self.api.url()))
            .env("API_SECRET", "hunter2")
            .env("SLACK_BOT_TOKEN", TOKEN)
    }

    /// From now on the month costs this.
    async fn costs(&self, amounts: &[&str]) {
        let today = Utc::now().date_naive();
        let (day, end) = (today.to_string(), (today + TimeDelta::days(1)).to_string());
        let services: Vec<(&str, &str)> = SERVICES.iter().copied().zip(amounts.iter().copied()).collect();
        let page = answer(&[billed(&day, &end, true, &services)], None);
        self.moto.reset_moto().await;
        // A poll is several requests, and the first one after midnight, or of a new store, is another one.
        self.moto.queue_cost_results(&vec![page; 12]).await;
    }

    /// How many requests and mails have come.
    fn arrived(&self) -> usize {
        self.slack.arrived() + self.api.arrived() + self.app.arrived() + self.mail.arrived()
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

/// Slack itself: some calls are asked to wait, some fail, some are done and never answered.
fn app(random: &mut fastrand::Rng) -> SlackApi {
    let fault = |random: &mut fastrand::Rng| match random.u32(0..150) {
        0..12 => Fault::TooMany(1),
        12..15 => Fault::Word("internal_error"),
        15 => Fault::CloseBefore,
        16 => Fault::CloseAfter,
        17 => Fault::HalfAfter,
        _ => Fault::None,
    };
    SlackApi::with_faults((0..5000).map(|_| fault(random)).collect())
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {value}")))
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_is_told_twice_however_often_it_is_killed() {
    let (points, seed) = (number("MONITOR_KILL_POINTS", 50), number("MONITOR_KILL_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let rig = Rig::new(&mut random).await;
    let mut amounts = vec![AMOUNTS[0]; SERVICES.len()];
    rig.costs(&amounts).await;
    let mut watched = Watched::default();
    for _ in 0..points {
        // Some decisions meet a daemon that has not yet told the one before.
        if random.u32(0..3) > 0 {
            for _ in 0..2 {
                let changed = random.usize(0..SERVICES.len());
                let others: Vec<&str> = AMOUNTS.into_iter().filter(|amount| *amount != amounts[changed]).collect();
                amounts[changed] = others[random.usize(0..others.len())];
            }
            rig.costs(&amounts).await;
        }
        // Some live until all is told: what may have been under way when one died is waited for before it is sent
        // again to a Slack channel, and who never lives so long never tells it.
        let steps = if random.u32(0..20) == 0 { usize::MAX } else { random.usize(0..=MAX_STEPS) };
        // Somewhere between this step and the next: before an answer, or between the answer and its commit.
        let late = Duration::from_micros(random.u64(0..4000));
        let mut running = rig.monitor().spawn();
        watched.wait(&rig, steps);
        let reached = Instant::now();
        while reached.elapsed() < late {
            std::thread::yield_now();
        }
        running.kill9();
    }
    rig.costs(&[AMOUNTS[0]; SERVICES.len()]).await;
    let running = rig.monitor().spawn();
    let database = database(rig.folder.path());
    let end = Instant::now() + DRAIN;
    while !is_quiet(&database) {
        assert!(
            Instant::now() < end,
            "something still waits: {:?}",
            Store::open_read_only(&rig.folder.path().join("monitor.db")).await.expect("the store").backlog().await
        );
        tokio::time::sleep(wait::PAUSE).await;
    }
    running.terminate();
    tokio::task::spawn_blocking(|| running.wait(Duration::from_secs(20))).await.expect("the program");
    let counts = Counts::of(&rig, &database);
    #[expect(clippy::print_stdout, reason = "the figures are what the harness is for")]
    {
        println!("{points} kills, seed {seed}: {counts:#?}");
    }
    assert!(counts.incidents * 6 >= points as usize, "fewer than one incident in six kills");
    assert!(counts.notifications >= points as usize, "fewer than one notification a kill");
    assert!(watched.steps >= points as usize, "only {} steps", watched.steps);
    counts.check();
}

/// Counts what the program does, from outside.
#[derive(Default)]
struct Watched {
    /// Opened once a daemon has made it.
    database: Option<Connection>,
    /// Changes with every commit of another connection.
    version: i64,
    steps: usize,
}

impl Watched {
    /// Waits for so many steps, or until none comes any more.
    fn wait(&mut self, rig: &Rig, steps: usize) {
        let (mut arrived, mut left, mut last) = (rig.arrived(), steps, Instant::now());
        self.version = self.data_version(rig);
        while left > 0 && last.elapsed() < PATIENCE {
            let (arrived_now, version) = (rig.arrived(), self.data_version(rig));
            let taken = arrived_now.saturating_sub(arrived) + usize::from(version != self.version);
            if taken > 0 {
                self.steps += taken;
                left = left.saturating_sub(taken);
                last = Instant::now();
            }
            (arrived, self.version) = (arrived_now, version);
            // Leaves the processor to the program.
            std::thread::park_timeout(Duration::from_micros(200));
        }
    }

    fn data_version(&mut self, rig: &Rig) -> i64 {
        if self.database.is_none() && rig.folder.path().join("monitor.db").exists() {
            self.database = Some(database(rig.folder.path()));
        }
        let version = |database: &Connection| database.query_row("PRAGMA data_version", [], |row| row.get(0));
        // The file is there before it can be read.
        self.database.as_ref().and_then(|database| version(database).ok()).unwrap_or(self.version)
    }
}

fn database(folder: &Path) -> Connection {
    let database =
        Connection::open_with_flags(folder.join("monitor.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the store");
    database.busy_timeout(Duration::from_secs(10)).expect("a time to wait");
    database
}

/// Whether every incident is over and everything has been told.
fn is_quiet(database: &Connection) -> bool {
    let query = "SELECT (SELECT count(*) FROM incident WHERE resolved IS NULL) + (SELECT count(*) FROM notification WHERE done IS NULL)
        + (SELECT count(*) FROM message WHERE sent IS NULL)";
    database.query_row(query, [], |row| row.get::<_, i64>(0)).expect("a count") == 0
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
    worsened: usize,
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
    fn of(rig: &Rig, database: &Connection) -> Self {
        let mut counts = Self::default();
        let mut lives: BTreeMap<(String, String), Vec<(i64, i64)>> = BTreeMap::new();
        let mut incidents = database
            .prepare("SELECT id, rule, subject, opened, resolved FROM incident ORDER BY opened, id")
            .expect("a query");
        let incidents =
            incidents.query_map([], |row| <(String, String, String, i64, i64)>::try_from(row)).expect("incidents");
        for (id, rule, subject, opened, resolved) in incidents.map(|incident| incident.expect("an incident")) {
            counts.incidents += 1;
            lives.entry((rule, subject)).or_default().push((opened, resolved));
            let told = "SELECT count(*) FILTER (WHERE event = 'firing'), count(*) FILTER (WHERE event IN ('resolved', 'closed')), count(DISTINCT receiver)
                FROM notification WHERE incident = ?1";
            let (openings, ends, receivers) =
                database.query_row(told, [&id], |row| <(i64, i64, i64)>::try_from(row)).expect("counts");
            counts.not_notified += usize::from(openings != receivers || ends != receivers || receivers == 0);
        }
        counts.overlapping =
            lives.values().flat_map(|lives| lives.windows(2)).filter(|pair| pair[0].1 > pair[1].0).count();
        let told = "SELECT count(*), count(dropped), count(*) FILTER (WHERE event = 'worsened') FROM notification";
        (counts.notifications, counts.dropped, counts.worsened) =
            database.query_row(told, [], |row| row.try_into()).expect("counts");
        for (receiver, arrived) in
            [("slack", slack(rig)), ("mail", mail(rig)), ("api", api(rig)), ("app", slack_app(rig))]
        {
            let messages = "SELECT count(*) FROM message WHERE receiver = ?1 AND sent IS NOT NULL";
            counts.receivers.insert(
                receiver.to_owned(),
                arrived.against(database.query_row(messages, [receiver], |row| row.get(0)).expect("messages")),
            );
        }
        counts
    }

    fn check(&self) {
        assert!(self.incidents > 0 && self.worsened > 0, "not enough has happened");
        assert_eq!((self.overlapping, self.not_notified), (0, 0), "an incident was opened twice, or not told");
        for (receiver, arrived) in &self.receivers {
            assert!(arrived.told > 0, "{receiver} was told nothing");
            assert_eq!((arrived.lost, arrived.strays), (0, 0), "{receiver}");
            assert_eq!(arrived.repeats, arrived.recognisable, "{receiver}: a repeat that nobody can tell");
        }
    }
}

/// A plain webhook knows a message by what it says, but for the mark of a possible repeat.
fn slack(rig: &Rig) -> Arrived {
    let told =
        rig.slack.accepted().into_iter().map(|request| {
            (request.body.replace(" · possible repeat", ""), request.body.contains(" · possible repeat"))
        });
    Arrived::of(told.collect())
}

/// A mail reader folds mails with the same Message-ID.
fn mail(rig: &Rig) -> Arrived {
    let id = |mail: &String| {
        mail.lines().find_map(|line| line.strip_prefix("Message-ID: ").map(str::to_owned)).expect("a Message-ID")
    };
    Arrived::of(rig.mail.mails().iter().map(|mail| (id(mail), true)).collect())
}

/// A program drops a message whose id it has seen.
fn api(rig: &Rig) -> Arrived {
    let id = |request: &Request| request.header("webhook-id").expect("an id").to_owned();
    Arrived::of(rig.api.accepted().iter().map(|request| (id(request), true)).collect())
}

/// A channel shows every message that was posted: here there must be no second one at all. And each first message says
/// how things are.
fn slack_app(rig: &Rig) -> Arrived {
    let messages = rig.app.messages();
    for root in messages.iter().filter(|message| message.thread_ts.is_none()) {
        assert!(
            root.text.starts_with("[resolved]") || root.text.starts_with("[over]"),
            "the end has not reached {root:?}"
        );
    }
    Arrived::of(messages.into_iter().map(|message| (message.key.expect("a key"), false)).collect())
}

impl Arrived {
    /// What arrived: each with what it is known by, and whether a receiver can tell that it is a repeat.
    fn of(all: Vec<(String, bool)>) -> Self {
        let (mut seen, mut arrived) = (BTreeSet::new(), Self::default());
        for (known_by, can_tell) in all {
            if seen.insert(known_by) {
                arrived.distinct += 1;
            } else {
                arrived.repeats += 1;
                arrived.recognisable += usize::from(can_tell);
            }
        }
        arrived
    }

    fn against(self, told: usize) -> Self {
        Self { told, lost: told.saturating_sub(self.distinct), strays: self.distinct.saturating_sub(told), ..self }
    }
}
