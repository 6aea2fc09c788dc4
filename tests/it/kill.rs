//! The daemon is killed (SIGKILL) repeatedly while bills rise and fall and receivers limit its rate; then everything it
//! decided to send is compared with what the receivers got.
//!
//! ```sh
//! MONITOR_KILL_POINTS=1000 MONITOR_KILL_SEED=7 cargo test --test it kill -- --nocapture
//! ```
//!
//! Without the variables: 40 points, seed 1. A point of death is a number of steps of the program, commits and messages
//! that have arrived, and not a time, so that a slow machine does the same work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// What the bill of a service is called; a number follows.
const SERVICES: [&str; 3] = ["Amazon Relational Database Service", "AWS Lambda", "Amazon <SQS> & more"];
/// Amounts in dollars: clear, over the limit, and so far over it that it is critical.
const AMOUNTS: [&str; 3] = ["1", "15", "45"];
/// So many services cost too much at once.
const MAX_OPEN: usize = 8;
/// How long it may take until everything has been told once nobody is killed any more: the longest pause after an
/// attempt without an answer is 30 minutes, but it begins with 15 s, and attempts without an answer do not follow each
/// other here.
const DRAIN: Duration = Duration::from_secs(240);
/// What one decision makes of its four receivers: a commit of its own, and for each a message that is sealed, arrives
/// and is done. A life ends after at most so many steps.
const MAX_STEPS: usize = 14;
/// The second poll of a life finds what the first one did. Who has told nothing more until then waits for a receiver.
const POLLS: usize = 2;
/// A daemon that does not even ask within this hangs. A disk that others write to can hold up a commit for half a minute.
const HANGS: Duration = Duration::from_secs(180);

struct Rig {
    folder: TempDir,
    moto: Emulator,
    /// Between the program and moto.
    costs: CountingProxy,
    mail: MailServer,
    slack: Webhook,
    api: Webhook,
    app: SlackApi,
}

impl Rig {
    async fn new(random: &mut fastrand::Rng) -> Self {
        let (moto, mail) = (Emulator::moto().await, MailServer::start(MailOptions::default()).await);
        let (slack, api) = (Webhook::start(replies(random, "ok")), Webhook::start(replies(random, "{}")));
        let costs = CountingProxy::to(&moto.url());
        let rig = Self { folder: TempDir::new().expect("a folder"), moto, costs, mail, slack, api, app: app(random) };
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
        let url = self.costs.url.clone();
        monitor(self.folder.path())
            .args(["run"])
            .envs(aws_env(&url, &[]))
            .env("HOOK", format!("{}/services/x", self.slack.url()))
            .env("API", format!("{}/x", self.api.url()))
            .env("API_SECRET", "hunter2")
            .env("SLACK_BOT_TOKEN", TOKEN)
    }

    /// From now on the month costs this.
    async fn costs(&self, bill: &Bill) {
        let today = Utc::now().date_naive();
        let (day, end) = (today.to_string(), (today + TimeDelta::days(1)).to_string());
        let services: Vec<(&str, &str)> = bill.0.iter().map(|(name, amount)| (name.as_str(), *amount)).collect();
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

/// The services with what they cost. What has fallen once is not certain before its day is settled, so that it opens no
/// second incident: what rises is a service of its own each time.
#[derive(Default)]
struct Bill(Vec<(String, &'static str)>);

impl Bill {
    /// A service appears over the limit, or one that is over it falls or rises further.
    fn change(&mut self, random: &mut fastrand::Rng) {
        let open: Vec<usize> = (0..self.0.len()).filter(|at| self.0[*at].1 != AMOUNTS[0]).collect();
        if open.is_empty() || (open.len() < MAX_OPEN && random.bool()) {
            let number = self.0.len();
            self.0.push((format!("{} {number}", SERVICES[number % SERVICES.len()]), AMOUNTS[1]));
        } else {
            self.0[open[random.usize(0..open.len())]].1 = AMOUNTS[[0, 2][random.usize(0..2)]];
        }
    }

    fn falls(&mut self) {
        self.0.iter_mut().for_each(|(_, amount)| *amount = AMOUNTS[0]);
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
    let (points, seed) = (number("MONITOR_KILL_POINTS", 40), number("MONITOR_KILL_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let rig = Rig::new(&mut random).await;
    let mut bill = Bill::default();
    bill.change(&mut random);
    rig.costs(&bill).await;
    let mut watched = Watched::default();
    for _ in 0..points {
        // Some decisions meet a daemon that has not yet told the one before.
        if random.u32(0..3) > 0 {
            (0..3).for_each(|_| bill.change(&mut random));
            rig.costs(&bill).await;
        }
        // Some live longer: what may have been under way when one died is waited for before it is sent again to a Slack
        // channel, and who never lives so long never tells it.
        let long = random.u32(0..10) == 0;
        let (steps, polls) = if long { (usize::MAX, POLLS * 3) } else { (random.usize(0..=MAX_STEPS), POLLS) };
        // Somewhere between this step and the next: before an answer, or between the answer and its commit.
        let late = Duration::from_micros(random.u64(0..4000));
        let mut running = rig.monitor().spawn();
        watched.wait(&rig, steps, polls);
        let reached = Instant::now();
        while reached.elapsed() < late {
            std::thread::yield_now();
        }
        running.kill9();
    }
    bill.falls();
    rig.costs(&bill).await;
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
    /// Waits for so many steps, or for so many polls.
    fn wait(&mut self, rig: &Rig, steps: usize, polls: usize) {
        let (mut arrived, asked, mut left, began) = (rig.arrived(), rig.costs.requests(), steps, Instant::now());
        self.version = self.data_version(rig);
        while left > 0 && rig.costs.requests() < asked + polls {
            assert!(began.elapsed() < HANGS, "no {polls} requests and no {steps} steps within {HANGS:?}");
            let (arrived_now, version) = (rig.arrived(), self.data_version(rig));
            let taken = arrived_now.saturating_sub(arrived) + usize::from(version != self.version);
            self.steps += taken;
            left = left.saturating_sub(taken);
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

/// Passes bytes on and counts requests.
struct CountingProxy {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl CountingProxy {
    fn to(url: &str) -> Self {
        let target = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.expect("a client"), TcpStream::connect(&target).expect("the emulator"));
                let (there, back) = (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || {
                    pass(there, server, |bytes| {
                        // The head of a request comes in one piece.
                        counted.fetch_add(usize::from(bytes.starts_with(b"POST ")), Ordering::Relaxed);
                    });
                });
                std::thread::spawn(move || pass(back, client, |_| {}));
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Until one of the two is gone.
fn pass(mut from: TcpStream, mut to: TcpStream, see: impl Fn(&[u8])) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        see(&bytes[..read]);
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
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
