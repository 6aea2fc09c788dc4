//! Plans deliveries: decides what of a receiver's waiting notifications to send now, to hold or to drop.
//!
//! A message is written only when it can be sent. A receiver that was unavailable, or in quiet hours, therefore gets
//! the current state: what still fires, the end of incidents it knows, and one list of incidents that began and ended
//! in the meantime.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::incident::{Incident, IncidentEvent};
use super::notification::{IncidentSummary, IncidentUpdate, Message};
use super::operator::OperatorActions;
use super::terms::ReceiverPolicy;

/// The maximum number of incidents in one message; each gets at least a line.
pub const MOST_IN_A_MESSAGE: usize = 500;
/// Ends and changes of incidents that were first told in different messages are told in one, if there are more messages
/// than this.
const MOST_THREADS: usize = 5;

/// What a receiver makes of messages that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadSupport {
    /// None: messages are independent.
    None,
    /// A message may name those it follows.
    Replies,
    /// The first message is brought up to date, and what follows hangs below it: a message can follow one other only.
    Edits,
}

/// An incident with its waiting notifications for one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedIncident {
    /// The notifications' rows, oldest first.
    pub rows: Vec<i64>,
    /// What they are, and when they were decided.
    pub events: Vec<(IncidentEvent, DateTime<Utc>)>,
    /// The current incident.
    pub incident: Incident,
    /// The first message about it to this receiver; `None` if there is none.
    pub root: Option<i64>,
}

/// Whom it is for, and what else decides.
#[derive(Debug, Clone, Copy)]
pub struct PlanContext<'a> {
    /// The receiver's terms.
    pub terms: &'a ReceiverPolicy,
    /// How it shows related messages.
    pub threads: ThreadSupport,
    /// Silences and acknowledgements.
    pub orders: &'a OperatorActions,
    /// Headlines of the symptoms of incidents, by the id of the cause.
    pub mutes: &'a BTreeMap<String, Vec<String>>,
    /// Nothing is waited for that may still come: in a single pass there is no later.
    pub at_once: bool,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DeliveryPlan {
    /// Notifications that will not be sent, with the reason.
    pub dropped: Vec<(Vec<i64>, String)>,
    /// The next message.
    pub draft: Option<MessageDraft>,
    /// When to look again if nothing else happens; `None` where only an incident, a silence or an answer can change
    /// anything.
    pub look: Option<DateTime<Utc>>,
}

/// A message before it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDraft {
    /// The notifications in it.
    pub rows: Vec<i64>,
    /// The messages it follows, oldest first; none if it is the first about its incidents.
    pub follows: Vec<i64>,
    /// The message.
    pub message: Message,
}

/// Why something is not told now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PlanVerdict {
    /// It is: these are the news.
    Tell(IncidentEvent, DateTime<Utc>),
    /// It began and ended.
    Missed,
    /// Not before this; `None` if that depends on something else.
    Hold(Option<DateTime<Utc>>),
    /// Never, for this reason.
    Drop(String),
}

/// Plans the deliveries to one receiver, incident by incident.
#[derive(Debug)]
pub struct DeliveryPlanner<'a> {
    desk: PlanContext<'a>,
    now: DateTime<Utc>,
    plan: DeliveryPlan,
    ready: Vec<ReadyIncident>,
}

/// An incident that can be told now; without an event, it came and went.
type ReadyIncident = (QueuedIncident, Option<(IncidentEvent, DateTime<Utc>)>);

impl<'a> DeliveryPlanner<'a> {
    /// A planner for one receiver.
    pub fn new(desk: PlanContext<'a>, now: DateTime<Utc>) -> Self {
        Self { desk, now, plan: DeliveryPlan::default(), ready: vec![] }
    }

    /// Adds the next incident. Returns false once there is enough for a message, and the rest can wait.
    pub fn take(&mut self, one: QueuedIncident) -> bool {
        match judge(&one, self.desk, self.now) {
            PlanVerdict::Tell(event, at) => self.ready.push((one, Some((event, at)))),
            PlanVerdict::Missed => self.ready.push((one, None)),
            PlanVerdict::Hold(until) => until.into_iter().for_each(|until| self.look_again_at(until)),
            PlanVerdict::Drop(why) => self.plan.dropped.push((one.rows, why)),
        }
        self.ready.len() < MOST_IN_A_MESSAGE
    }

    fn look_again_at(&mut self, at: DateTime<Utc>) {
        self.plan.look = Some(self.plan.look.map_or(at, |known| known.min(at)));
    }

    /// What to do.
    pub fn finish(mut self) -> DeliveryPlan {
        let full = self.ready.len() >= MOST_IN_A_MESSAGE;
        let times: Vec<DateTime<Utc>> =
            self.ready.iter().flat_map(|(one, _)| one.events.iter().map(|(_, at)| (*at).min(self.now))).collect();
        if let (Some(first), Some(last), false) = (times.iter().min(), times.iter().max(), self.desk.at_once || full) {
            let collected = self.desk.terms.collected(*first, *last);
            if collected > self.now {
                self.look_again_at(collected);
                return self.plan;
            }
        }
        self.plan.draft = draft(&self.ready, self.desk, self.now);
        self.plan
    }
}

/// Plans what to do with the waiting notifications of a receiver, oldest first.
pub fn plan(
    waiting: impl IntoIterator<Item = QueuedIncident>,
    desk: PlanContext<'_>,
    now: DateTime<Utc>,
) -> DeliveryPlan {
    let mut planner = DeliveryPlanner::new(desk, now);
    for one in waiting {
        if !planner.take(one) {
            break;
        }
    }
    planner.finish()
}

/// Whether a receiver is to be told of an incident now, and of what.
fn judge(one: &QueuedIncident, desk: PlanContext<'_>, now: DateTime<Utc>) -> PlanVerdict {
    let QueuedIncident { events, incident, root, .. } = one;
    let (known, over) = (root.is_some(), incident.is_over());
    // Also if the receiver could not be told for other reasons while the silence lasted.
    if let Some(silence) = desk.orders.slept_through(incident).filter(|_| !known) {
        return PlanVerdict::Drop(format!("silenced by {}: {}", silence.author, silence.reason));
    }
    if let Some(silence) = desk.orders.silence(incident, now) {
        return match (known, over) {
            (false, true) => PlanVerdict::Drop(format!("silenced by {}: {}", silence.author, silence.reason)),
            _ => PlanVerdict::Hold(Some(silence.until)),
        };
    }
    if let Some(cause) = incident.muted_by.as_ref().filter(|_| !over) {
        return if known {
            PlanVerdict::Drop(format!("a symptom of incident {cause}"))
        } else {
            PlanVerdict::Hold(None)
        };
    }
    if let Some(until) = desk.terms.quiet_until(incident.severity, now) {
        return PlanVerdict::Hold(Some(until));
    }
    match (known, over) {
        (false, true) => PlanVerdict::Missed,
        (false, false) => {
            // A receiver that does not know of it is told of it as new, whatever was decided first.
            let escalated = events.iter().all(|(event, _)| *event == IncidentEvent::Escalated);
            let at = events.iter().map(|(_, at)| *at).max().unwrap_or(now);
            PlanVerdict::Tell(if escalated { IncidentEvent::Escalated } else { IncidentEvent::Firing }, at)
        }
        (true, true) => match events.iter().rev().find(|(event, _)| event.is_end()) {
            Some((event, at)) => PlanVerdict::Tell(*event, *at),
            // Its end has been told, or is still to come by a row of its own.
            None => PlanVerdict::Drop("it ended before this could be sent".to_owned()),
        },
        (true, false) => match events.iter().max_by_key(|(event, at)| (*event, *at)) {
            Some((event, at)) => PlanVerdict::Tell(*event, *at),
            None => PlanVerdict::Hold(None),
        },
    }
}

/// The next message of what is ready.
fn draft(ready: &[ReadyIncident], desk: PlanContext<'_>, now: DateTime<Utc>) -> Option<MessageDraft> {
    let roots: BTreeSet<i64> = ready.iter().filter_map(|(one, _)| one.root).collect();
    let digest = match desk.threads {
        ThreadSupport::None => true,
        ThreadSupport::Replies => roots.len() > MOST_THREADS,
        ThreadSupport::Edits => false,
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
            Some((event, at)) => {
                news.push(IncidentUpdate::of(incident, *event, *at, mutes, desk.orders.ack(incident).cloned()));
            }
            None => missed.push(missed_line(incident, now)),
        }
    }
    let follows = if desk.threads == ThreadSupport::None { vec![] } else { follows.into_iter().collect() };
    Some(MessageDraft { rows, follows, message: Message::of(news, missed) })
}

fn missed_line(incident: &Incident, now: DateTime<Utc>) -> IncidentSummary {
    IncidentUpdate::of(incident, IncidentEvent::Resolved, incident.resolved.unwrap_or(now), vec![], None).line()
}

/// The current version of a message, for receivers that can edit messages.
pub fn brought_up_to_date(
    told: &Message,
    incidents: &BTreeMap<String, Incident>,
    orders: &OperatorActions,
    mutes: &BTreeMap<String, Vec<String>>,
) -> Message {
    let now_of = |line: IncidentSummary, full: Option<&IncidentUpdate>| -> Option<IncidentUpdate> {
        let Some(incident) = incidents.get(&line.incident) else { return full.cloned() };
        let event = if incident.is_over() { IncidentEvent::Resolved } else { IncidentEvent::Firing };
        let at = incident.resolved.or(incident.told).unwrap_or(told.at);
        Some(IncidentUpdate::of(
            incident,
            event,
            at,
            mutes.get(&incident.id).cloned().unwrap_or_default(),
            orders.ack(incident).cloned(),
        ))
    };
    let mut news: Vec<IncidentUpdate> = told.news.iter().filter_map(|news| now_of(news.line(), Some(news))).collect();
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
