//! Answers of fake services: what each kind makes of them, and what a poll makes of two pictures.

mod every_kind;
mod polls;

use std::sync::{Arc, Mutex};

use account::map::{MapKind, MapSnapshot};
use async_trait::async_trait;
use aws::AwsClients;
use aws::describing::{DescribeApi, DescribeCall, DescribePace, DescribeRequest};
use aws::recorded::Recording;
use chrono::{DateTime, Utc};
use clock::SimulatedClock;
use model::call_failure::{CallFailure, FailureKind};

/// What a service answers: text, or how it fails.
type Answer = Result<String, FailureKind>;

/// Services that answer by what a call begins with: `lambda:ListFunctions /2015-03-31/functions?MaxItems=50`.
#[derive(Default)]
struct Fake {
    /// The last fitting one counts.
    answers: Mutex<Vec<(String, Answer)>>,
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn of(answers: &[(&str, &str)]) -> Arc<Self> {
        let fake = Self::default();
        answers.iter().for_each(|(call, answer)| fake.answer(call, Ok((*answer).to_owned())));
        Arc::new(fake)
    }

    fn answer(&self, call: &str, answer: Answer) {
        self.answers.lock().unwrap().push((call.to_owned(), answer));
    }

    /// The calls since this was last asked.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait]
impl DescribeApi for Fake {
    async fn ask(&self, call: &DescribeCall) -> Result<String, CallFailure> {
        let request = match &call.request {
            DescribeRequest::Post(body) => body.clone(),
            DescribeRequest::Get { path, query } => {
                let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{path}?{}", pairs.join("&"))
            }
        };
        let said = format!("{} {request}", call.action);
        let answers = self.answers.lock().unwrap();
        let answer = answers.iter().rev().find(|(start, _)| said.starts_with(start)).map(|(_, answer)| answer.clone());
        let answer = answer.unwrap_or_else(|| panic!("nobody expects {said}"));
        self.asked.lock().unwrap().push(said);
        answer.map_err(|kind| CallFailure {
            call: call.action.to_owned(),
            resource: call.resource.clone(),
            kind,
            said: "no".to_owned(),
            next_step: String::new(),
        })
    }
}

fn noon() -> DateTime<Utc> {
    "2024-12-20T12:00:00Z".parse().unwrap()
}

/// An account whose services are fake; asked as fast as they answer, or at the pace of a clock.
fn account(fake: &Arc<Fake>, clock: Option<&Arc<SimulatedClock>>) -> AwsClients {
    let recording = Recording::parse("region = \"us-east-1\"\nbill = []\n").unwrap();
    let account = recording.account(Arc::new(SimulatedClock::starting_at(noon())), noon());
    let pace = clock.map_or_else(DescribePace::unbounded, |clock| DescribePace::new(clock.clone()));
    AwsClients { describe: fake.clone(), describe_pace: Arc::new(pace), random_key: || Some([7; 32]), ..account }
}

/// A kind as it is read for the first time.
async fn read(kind: MapKind, fake: &Arc<Fake>) -> Result<MapSnapshot, super::MapStop> {
    read_with(kind, fake, &[kind], None).await
}

async fn read_with(
    kind: MapKind,
    fake: &Arc<Fake>,
    kinds: &[MapKind],
    before: Option<&MapSnapshot>,
) -> Result<MapSnapshot, super::MapStop> {
    let (account, key) = (account(fake, None), super::DigestKey([7; 32]));
    let asked = super::Mutex::default();
    let look = super::MapContext {
        account: &account,
        kinds,
        started: noon(),
        now: noon(),
        asked: &asked,
        key: Some(&key),
        before,
    };
    super::kinds::read(kind, &look).await
}

/// Each resource in a line, with `?` for what is unknown and `#` for digests.
fn lines(snapshot: &MapSnapshot) -> Vec<String> {
    let line = |one: &account::map::MapResource| {
        let settings = one.settings.iter().map(|(name, text)| match text {
            None => format!("{name}=?"),
            Some(_) if name.ends_with("digest") => format!("{name}=#"),
            Some(text) => format!("{name}={text}"),
        });
        let tags = one.tags.iter().flatten().map(|(key, value)| format!("tag {key}={value}"));
        let noted = one.noted.iter().map(|(name, text)| format!("({name} {text})"));
        std::iter::once(one.id.clone()).chain(settings).chain(tags).chain(noted).collect::<Vec<_>>().join("; ")
    };
    snapshot.resources.iter().map(line).collect()
}
