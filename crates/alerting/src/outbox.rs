//! What waits for one receiver in; what it is to be told now, and what it need not be told, out.
//!
//! Nothing is put into words before it can be said. A receiver that was away, or asked for quiet, is therefore told how things are
//! now: what still fires, the end of what it knows of, and in one list what came and went meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::incident::{Event, Incident};
use super::notification::{Line, Message, News};
use super::operator::Orders;
use super::terms::Terms;

/// The most incidents that one message speaks of; of each of them it says at least a line.
pub const MOST_IN_A_MESSAGE: usize = 500;
/// Ends and changes of incidents that were first told in different messages are told in one, if there are more messages than this.
const MOST_THREADS: usize = 5;

/// What a receiver makes of messages that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// Nothing: each message stands for itself.
    None,
    /// A message may name those it follows.
    Replies,
    /// The first message is brought up to date, and what follows hangs below it: a message can follow one other only.
    Edits,
}

/// An incident with everything that waits to be told of it to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The notifications' rows, oldest first.
    pub rows: Vec<i64>,
    /// What they are, and when they were decided.
    pub events: Vec<(Event, DateTime<Utc>)>,
    /// The incident as it is now.
    pub incident: Incident,
    /// The message in which the receiver was first told of it; `None` if it does not know of it.
    pub root: Option<i64>,
}

/// Whom it is for, and what else decides.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// The receiver's terms.
    pub terms: &'a Terms,
    /// What it makes of messages that belong together.
    pub threads: Threads,
    /// What people have said.
    pub orders: &'a Orders,
    /// Headlines of the symptoms of incidents, by the id of the cause.
    pub mutes: &'a BTreeMap<String, Vec<String>>,
    /// Nothing is waited for that may still come: in a single pass there is no later.
    pub at_once: bool,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Notifications that will never be told, with the reason.
    pub dropped: Vec<(Vec<i64>, String)>,
    /// The next message.
    pub draft: Option<Draft>,
    /// When to look again if nothing else happens; `None` where only an incident, a silence or an answer can change anything.
    pub look: Option<DateTime<Utc>>,
}

/// A message before it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The notifications it tells.
    pub rows: Vec<i64>,
    /// The messages it follows, oldest first; none if it is the first to speak of its incidents.
    pub follows: Vec<i64>,
    /// What it says.
    pub message: Message,
}

/// Why something is not told now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It is: these are the news.
    Tell(Event, DateTime<Utc>),
    /// It came and went.
    Missed,
    /// Not before this; `None` if that depends on something else.
    Hold(Option<DateTime<Utc>>),
    /// Never, for this reason.
    Drop(String),
}

/// Looks at what waits for a receiver, one incident after the other, and says what to do.
#[derive(Debug)]
pub struct Planner<'a> {
    desk: Desk<'a>,
    now: DateTime<Utc>,
    plan: Plan,
    ready: Vec<Ready>,
}

/// An incident that can be told now; without an event, it came and went.
type Ready = (Waiting, Option<(Event, DateTime<Utc>)>);

impl<'a> Planner<'a> {
    /// A planner for one receiver.
    pub fn new(desk: Desk<'a>, now: DateTime<Utc>) -> Self {
        Self { desk, now, plan: Plan::default(), ready: vec![] }
    }

    /// Looks at the next incident. False once there is enough for a message, and the rest can wait.
    pub fn take(&mut self, one: Waiting) -> bool {
        match judge(&one, self.desk, self.now) {
            Verdict::Tell(event, at) => self.ready.push((one, Some((event, at)))),
            Verdict::Missed => self.ready.push((one, None)),
            Verdict::Hold(until) => until.into_iter().for_each(|until| self.look(until)),
            Verdict::Drop(why) => self.plan.dropped.push((one.rows, why)),
        }
        self.ready.len() < MOST_IN_A_MESSAGE
    }

    fn look(&mut self, at: DateTime<Utc>) {
        self.plan.look = Some(self.plan.look.map_or(at, |known| known.min(at)));
    }

    /// What to do.
    pub fn finish(mut self) -> Plan {
        let full = self.ready.len() >= MOST_IN_A_MESSAGE;
        let times: Vec<DateTime<Utc>> = self.ready.iter().flat_map(|(one, _)| one.events.iter().map(|(_, at)| (*at).min(self.now))).collect();
        if let (Some(first), Some(last), false) = (times.iter().min(), times.iter().max(), self.desk.at_once || full) {
            let collected = self.desk.terms.collected(*first, *last);
            if collected > self.now {
                self.look(collected);
                return self.plan;
            }
        }
        self.plan.draft = draft(&self.ready, self.desk, self.now);
        self.plan
    }
}

/// Says what to do with what waits for a receiver, oldest first.
pub fn plan(waiting: impl IntoIterator<Item = Waiting>, desk: Desk<'_>, now: DateTime<Utc>) -> Plan {
    let mut planner = Planner::new(desk, now);
    for one in waiting {
        if !planner.take(one) {
            break;
        }
    }
    planner.finish()
}

/// Whether a receiver is to be told of an incident now, and of what.
fn judge(one: &Waiting, desk: Desk<'_>, now: DateTime<Utc>) -> Verdict {
    let Waiting { events, incident, root, .. } = one;
    let (known, over) = (root.is_some(), incident.is_over());
    // Also if the receiver could not be told for other reasons while the silence lasted.
    if let Some(silence) = desk.orders.slept_through(incident).filter(|_| !known) {
        return Verdict::Drop(format!("silenced by {}: {}", silence.author, silence.reason));
    }
    if let Some(silence) = desk.orders.silence(incident, now) {
        return match (known, over) {
            (false, true) => Verdict::Drop(format!("silenced by {}: {}", silence.author, silence.reason)),
            _ => Verdict::Hold(Some(silence.until)),
        };
    }
    if let Some(cause) = incident.muted_by.as_ref().filter(|_| !over) {
        return if known { Verdict::Drop(format!("a symptom of incident {cause}")) } else { Verdict::Hold(None) };
    }
    if let Some(until) = desk.terms.quiet_until(incident.severity, now) {
        return Verdict::Hold(Some(until));
    }
    match (known, over) {
        (false, true) => Verdict::Missed,
        (false, false) => {
            // Whoever does not know of it is told of it as new, whatever was decided first.
            let escalated = events.iter().all(|(event, _)| *event == Event::Escalated);
            let at = events.iter().map(|(_, at)| *at).max().unwrap_or(now);
            Verdict::Tell(if escalated { Event::Escalated } else { Event::Firing }, at)
        }
        (true, true) => match events.iter().rev().find(|(event, _)| event.is_end()) {
            Some((event, at)) => Verdict::Tell(*event, *at),
            // Its end has been told, or is still to come by a row of its own.
            None => Verdict::Drop("it was over before this could be told".to_owned()),
        },
        (true, false) => match events.iter().max_by_key(|(event, at)| (*event, *at)) {
            Some((event, at)) => Verdict::Tell(*event, *at),
            None => Verdict::Hold(None),
        },
    }
}

/// The next message of what is ready.
fn draft(ready: &[Ready], desk: Desk<'_>, now: DateTime<Utc>) -> Option<Draft> {
    let roots: BTreeSet<i64> = ready.iter().filter_map(|(one, _)| one.root).collect();
    let digest = match desk.threads {
        Threads::None => true,
        Threads::Replies => roots.len() > MOST_THREADS,
        Threads::Edits => false,
    };
    // What belongs to one thread goes together; what is oldest goes first.
    let first = ready.first()?.0.root;
    let together = ready.iter().filter(|(one, _)| digest || one.root == first).take(MOST_IN_A_MESSAGE);
    let (mut rows, mut follows, mut news, mut missed) = (vec![], BTreeSet::new(), vec![], vec![]);
    for (one, told) in together {
        rows.extend(&one.rows);
        follows.extend(one.root);
        let incident = &one.incident;
        let mutes = desk.mutes.get(&incident.id).cloned().unwrap_or_default();
        match told {
            Some((event, at)) => news.push(News::of(incident, *event, *at, mutes, desk.orders.ack(incident).cloned())),
            None => missed.push(missed_line(incident, now)),
        }
    }
    let follows = if desk.threads == Threads::None { vec![] } else { follows.into_iter().collect() };
    Some(Draft { rows, follows, message: Message::of(news, missed) })
}

fn missed_line(incident: &Incident, now: DateTime<Utc>) -> Line {
    News::of(incident, Event::Resolved, incident.resolved.unwrap_or(now), vec![], None).line()
}

/// What a message would say of its incidents as they are now, to bring it up to date where the receiver can.
pub fn brought_up_to_date(told: &Message, incidents: &BTreeMap<String, Incident>, orders: &Orders, mutes: &BTreeMap<String, Vec<String>>) -> Message {
    let now_of = |line: Line, full: Option<&News>| -> Option<News> {
        let Some(incident) = incidents.get(&line.incident) else { return full.cloned() };
        let event = if incident.is_over() { Event::Resolved } else { Event::Firing };
        let at = incident.resolved.or(incident.told).unwrap_or(told.at);
        Some(News::of(incident, event, at, mutes.get(&incident.id).cloned().unwrap_or_default(), orders.ack(incident).cloned()))
    };
    let mut news: Vec<News> = told.news.iter().filter_map(|news| now_of(news.line(), Some(news))).collect();
    let mut rest = Vec::new();
    for line in &told.rest {
        match now_of(line.clone(), None) {
            Some(now) => rest.push(now.line()),
            None => rest.push(line.clone()),
        }
    }
    news.sort_by_key(|news| news.event.is_end());
    Message { at: told.at, news, rest, missed: told.missed.clone(), page: told.page.clone() }
}
