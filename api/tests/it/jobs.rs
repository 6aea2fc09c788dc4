//! Reminders and patch notes over a real store; who carries them is a recorder that fails where a device or a mail
//! would.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use onestep_api::jobs::{JobContext, JobOutcome, JobRequest, JobRunner, PatchNote, ReminderTime};
use onestep_api::services::messages::{Email, MAX_BODY, MAX_EMAILS, Mailer, Notification, PushError, PushSender};
use onestep_api::store::Store;
use onestep_api::store::sqlite::Sqlite;
use onestep_core::model::{Device, Id, Provider, Todo, User};
use onestep_core::user_rows::{Change, Scope, UserRows};
use tempfile::TempDir;
use tokio::time::Instant;

/// 08:00 on 23 November in Seoul.
fn now() -> DateTime<Utc> {
    "2026-11-22T23:00:10Z".parse().unwrap()
}

const TODAY: &str = "2026-11-23";

/// Tells devices by their tokens: `gone...` are gone, `down...` fail, `hang...` never answer; writes down the others.
#[derive(Default)]
struct Recorder {
    pushed: Mutex<Vec<(String, Notification)>>,
    mails: Mutex<Vec<(Vec<Email>, String)>>,
    refuse_mail_to: Mutex<BTreeSet<String>>,
}

/// Text, day, whether it is ticked.
type Task<'a> = (&'a str, Option<&'a str>, bool);

#[async_trait]
impl PushSender for Recorder {
    async fn push(&self, token: &str, notification: &Notification) -> Result<(), PushError> {
        match token {
            _ if token.starts_with("gone") => Err(PushError::Gone),
            _ if token.starts_with("down") => Err(PushError::Failed("503".to_owned())),
            _ if token.starts_with("hang") => std::future::pending().await,
            _ => {
                self.pushed.lock().unwrap().push((token.to_owned(), notification.clone()));
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Mailer for Recorder {
    async fn send(&self, letters: &[Email], key: &str) -> Result<(), String> {
        self.mails.lock().unwrap().push((letters.to_vec(), key.to_owned()));
        let refused = self.refuse_mail_to.lock().unwrap();
        if letters.iter().any(|letter| refused.contains(&letter.to)) { Err("500".to_owned()) } else { Ok(()) }
    }
}

struct World {
    tools: JobContext,
    recorder: Arc<Recorder>,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Arc::new(Recorder::default());
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.path().join("onestep.db")).unwrap());
        Self {
            tools: JobContext { store, push: Some(recorder.clone()), mail: Some(recorder.clone()), now },
            recorder,
            _folder: folder,
        }
    }

    async fn user(&self, username: &str, devices: &[&str], todos: &[Task<'_>]) -> Id {
        let device = |token: &&str| Device { token: (*token).to_owned(), seen_at: now() };
        let user =
            User { devices: devices.iter().map(device).collect(), ..User::new(username, Provider::Google, now()) };
        let id = self.tools.store.create(user).await.unwrap().id;
        let mut add = |_: &UserRows, ids: &[Id]| {
            let row = |((place, &id), &(content, date, is_completed)): ((usize, &Id), &Task<'_>)| {
                let date: Option<NaiveDate> = date.map(|date| date.parse().unwrap());
                let (content, rank) = (content.to_owned(), format!("0|i0000{place}:"));
                let row = Todo {
                    id,
                    content,
                    category_id: 1,
                    date,
                    due_time: None,
                    rank,
                    is_completed,
                    created_at: now(),
                    updated_at: now(),
                    deleted_at: None,
                };
                Change::Todo(row)
            };
            ids.iter().enumerate().zip(todos).map(row).collect()
        };
        self.tools.store.update(id, Scope::Account, u32::try_from(todos.len()).unwrap(), &mut add).await.unwrap();
        id
    }

    async fn change(&self, id: Id, change: impl Fn(&mut User) + Send + Sync) {
        let mut decide = |user_rows: &UserRows, _: &[Id]| {
            let mut user = user_rows.user.clone();
            change(&mut user);
            vec![Change::User(user)]
        };
        self.tools.store.update(id, Scope::Account, 0, &mut decide).await.unwrap();
    }

    async fn account(&self, id: Id) -> User {
        self.tools.store.read(id, Scope::Account).await.unwrap().unwrap().user
    }

    async fn run(&self, order: &JobRequest) -> JobOutcome {
        self.tools.run(order, Instant::now() + Duration::from_secs(60)).await.unwrap()
    }

    fn pushed(&self) -> Vec<(String, String, String)> {
        let mut pushed: Vec<_> = self
            .recorder
            .pushed
            .lock()
            .unwrap()
            .drain(..)
            .map(|(token, told)| (token, told.title, told.body))
            .collect();
        pushed.sort();
        pushed
    }

    fn mailed(&self) -> Vec<Vec<String>> {
        self.recorder
            .mails
            .lock()
            .unwrap()
            .drain(..)
            .map(|(letters, _)| letters.into_iter().map(|letter| letter.to).collect())
            .collect()
    }
}

fn at(slot: ReminderTime) -> JobRequest {
    JobRequest::Reminders { at: Some(slot), time: None }
}

/// told, skipped, failed, left.
fn counts(outcome: &JobOutcome) -> [u64; 4] {
    [outcome.told, outcome.skipped, outcome.failed, outcome.left]
}

#[tokio::test]
async fn every_device_is_told_what_is_left_of_today_in_its_order() {
    let world = World::new();
    world
        .user(
            "a@example.com",
            &["a1", "a2"],
            &[
                ("물 마시기", Some(TODAY), false),
                ("done", Some(TODAY), true),
                ("inbox", None, false),
                ("yesterday", Some("2026-11-22"), false),
                ("🐾", Some(TODAY), false),
            ],
        )
        .await;
    world
        .user("idle@example.com", &["i1"], &[("done", Some(TODAY), true), ("tomorrow", Some("2026-11-24"), false)])
        .await;
    world.user("no-device@example.com", &[], &[("x", Some(TODAY), false)]).await;
    let deleted = world.user("deleted@example.com", &["d1"], &[("x", Some(TODAY), false)]).await;
    world.change(deleted, |user| user.deleted_at = Some(now())).await;
    for (slot, hour, title) in [
        (ReminderTime::Morning, "08", "오늘의 할 일을 확인해보세요"),
        (ReminderTime::Afternoon, "14", "지금 할 일을 확인해보세요"),
        (ReminderTime::Evening, "20", "오늘의 남은 할 일을 확인해보세요"),
    ] {
        let outcome = world.run(&at(slot)).await;
        assert_eq!(
            (outcome.job.as_str(), counts(&outcome)),
            (format!("reminders/2026-11-23/{hour}").as_str(), [1, 3, 0, 0])
        );
        let told = |token: &str| (token.to_owned(), title.to_owned(), "물 마시기\n🐾".to_owned());
        assert_eq!(world.pushed(), [told("a1"), told("a2")]);
    }
}

#[tokio::test]
async fn a_repeated_or_late_event_notifies_no_user_twice() {
    let world = World::new();
    world.user("a@example.com", &["a1"], &[("x", Some(TODAY), false)]).await;
    let morning = at(ReminderTime::Morning);
    let (first, second) = tokio::join!(world.run(&morning), world.run(&morning));
    assert_eq!((first.told + second.told, world.pushed().len()), (1, 1));
    assert_eq!(counts(&world.run(&at(ReminderTime::Afternoon)).await), [1, 0, 0, 0]);
    assert_eq!(counts(&world.run(&at(ReminderTime::Morning)).await), [0, 1, 0, 0]);
    // The same event, delivered the next day, is still about its own day.
    let late = JobRequest::Reminders { at: None, time: Some("2026-11-23T05:00:00Z".parse().unwrap()) };
    assert_eq!(counts(&world.run(&late).await), [0, 1, 0, 0]);
    assert_eq!(world.pushed().len(), 1);
}

#[tokio::test]
async fn a_device_that_fails_does_not_keep_others_from_being_notified() {
    let world = World::new();
    let mixed = world.user("mixed@example.com", &["down1", "gone1", "ok1"], &[("x", Some(TODAY), false)]).await;
    let down = world.user("down@example.com", &["down2"], &[("x", Some(TODAY), false)]).await;
    let gone = world.user("gone@example.com", &["gone2"], &[("x", Some(TODAY), false)]).await;
    world.change(down, |user| user.reminded = Some("reminders/2026-11-22/20".to_owned())).await;
    world.user("ok@example.com", &["ok2"], &[("x", Some(TODAY), false)]).await;
    assert_eq!(counts(&world.run(&at(ReminderTime::Morning)).await), [2, 1, 1, 0]);
    assert_eq!(world.pushed().into_iter().map(|(token, ..)| token).collect::<Vec<_>>(), ["ok1", "ok2"]);
    let tokens = |user: User| user.devices.into_iter().map(|device| device.token).collect::<Vec<_>>();
    assert_eq!(tokens(world.account(mixed).await), ["down1", "ok1"]);
    assert_eq!(tokens(world.account(gone).await), [""; 0]);
    // Who was not told at all is told when the event comes again.
    assert_eq!(world.account(down).await.reminded.as_deref(), Some("reminders/2026-11-22/20"));
    assert_eq!(world.account(mixed).await.reminded.as_deref(), Some("reminders/2026-11-23/08"));
}

#[tokio::test]
async fn a_long_day_fits_into_a_notification() {
    let world = World::new();
    let content = "할".repeat(255);
    let todos: Vec<(&str, Option<&str>, bool)> = (0..9).map(|_| (content.as_str(), Some(TODAY), false)).collect();
    world.user("a@example.com", &["a1"], &todos).await;
    world.run(&at(ReminderTime::Morning)).await;
    let [(_, _, body)] = &world.pushed()[..] else { panic!("one push") };
    assert!(body.len() <= MAX_BODY, "{}", body.len());
    assert_eq!(body, &format!("{content}\n{content}\n{content}\n외 6개"));
}

#[tokio::test(start_paused = true)]
async fn a_job_stops_in_time_and_says_who_is_left() {
    let world = World::new();
    for place in 0..20 {
        world
            .user(
                &format!("{place}@example.com"),
                &[if place < 8 { "hang" } else { "ok" }]
                    .map(|name| format!("{name}{place}"))
                    .each_ref()
                    .map(String::as_str),
                &[("x", Some(TODAY), false)],
            )
            .await;
    }
    let start = Instant::now();
    let outcome = world.tools.run(&at(ReminderTime::Morning), start + Duration::from_secs(30)).await.unwrap();
    assert_eq!((counts(&outcome), start.elapsed()), ([0, 0, 8, 12], Duration::from_secs(30)));
    let outcome = world.tools.run(&at(ReminderTime::Morning), Instant::now() + Duration::from_secs(1)).await.unwrap();
    assert_eq!(counts(&outcome), [0, 0, 0, 20]);
    let note = JobRequest::PatchNotes(PatchNote { id: "1".to_owned(), subject: "s".to_owned(), html: "h".to_owned() });
    let outcome = world.tools.run(&note, Instant::now() + Duration::from_secs(1)).await.unwrap();
    assert_eq!((counts(&outcome), world.mailed().len()), ([0, 0, 0, 20], 0));
}

#[tokio::test]
async fn patch_notes_go_to_everyone_once_each_alone() {
    let world = World::new();
    let count = MAX_EMAILS + 3;
    for place in 0..count {
        world.user(&format!("{place:03}@example.com"), &[], &[]).await;
    }
    world.user("apple-001234", &[], &[]).await;
    let deleted = world.user("deleted@example.com", &[], &[]).await;
    world.change(deleted, |user| user.deleted_at = Some(now())).await;
    let note = |id: &str| {
        JobRequest::PatchNotes(PatchNote {
            id: id.to_owned(),
            subject: "새 소식".to_owned(),
            html: "<p>1.2</p>".to_owned(),
        })
    };
    // The second call fails: its three are tried again, the others are not.
    *world.recorder.refuse_mail_to.lock().unwrap() = ["101@example.com".to_owned()].into();
    assert_eq!(counts(&world.run(&note("1.2")).await), [100, 2, 3, 0]);
    world.recorder.refuse_mail_to.lock().unwrap().clear();
    assert_eq!(counts(&world.run(&note("1.2")).await), [3, 102, 0, 0]);
    assert_eq!(counts(&world.run(&note("1.2")).await), [0, 105, 0, 0]);
    let sent = std::mem::take(&mut *world.recorder.mails.lock().unwrap());
    assert_eq!(sent.iter().map(|(letters, _)| letters.len()).collect::<Vec<_>>(), [100, 3, 3]);
    assert_eq!(sent[1], sent[2], "the same letters have the same key");
    assert_ne!(sent[0].1, sent[1].1);
    let to: BTreeSet<&str> =
        sent[..2].iter().flat_map(|(letters, _)| letters).map(|letter| letter.to.as_str()).collect();
    assert_eq!(to.len(), count);
    assert!(
        sent[0].0.iter().all(|letter| (letter.subject.as_str(), letter.html.as_str()) == ("새 소식", "<p>1.2</p>"))
    );
    assert_eq!(counts(&world.run(&note("1.3")).await), [103, 2, 0, 0]);
}

#[tokio::test]
async fn a_job_without_its_means_says_what_is_missing() {
    let mut world = World::new();
    (world.tools.push, world.tools.mail) = (None, None);
    let until = Instant::now() + Duration::from_secs(60);
    assert_eq!(
        world.tools.run(&at(ReminderTime::Morning), until).await.unwrap_err(),
        "reminders need pushes: set ONESTEP_FIREBASE"
    );
    let note = JobRequest::PatchNotes(PatchNote { id: "1".to_owned(), subject: "s".to_owned(), html: "h".to_owned() });
    assert_eq!(world.tools.run(&note, until).await.unwrap_err(), "patch notes need mail: set ONESTEP_RESEND_API_KEY");
}
