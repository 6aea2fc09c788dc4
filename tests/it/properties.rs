//! Properties of incidents and notifications, checked with many generated histories.

use std::collections::{BTreeMap, BTreeSet};

use alerting::decide::{OpenIncidents, Rulebook, decide, decision_time};
use alerting::history::History;
use alerting::incident::{self, Incident, IncidentEvent, IncidentState};
use alerting::notification::Notification;
use alerting::observation::{Observation, ObservationBody, PingOutcome, PingResult, ReadUpTo};
use alerting::operator::{Acknowledgement, OperatorActions, Silence};
use alerting::outbox::{PlanContext, QueuedIncident, ThreadSupport, plan};
use alerting::rules::{
    Condition, Escalation, IncidentDetails, Judgement, MeasuredValue, Rule, Severity, Times, Verdict,
};
use alerting::terms::{QuietHours, ReceiverPolicy};
use billing::day_cost::DayCost;
use billing::early::{EarlyCost, EarlyFigure, EarlyOrigin};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use lambda_log::tally::InvocationCounts;
use model::call_failure::{CallFailure, FailureKind};
use model::money::Money;
use model::span::Span;
use model::subject::Subject;
use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};
use proptest::prelude::*;

const TEAM: &str = "team";

fn start() -> DateTime<Utc> {
    "2024-10-26T20:00:00Z".parse().expect("is well formed")
}

fn rule(wishes: Wishes) -> Rule {
    let minutes = |n: Option<u16>| n.map(Span::minutes);
    Rule {
        hold: minutes(wishes.hold),
        keep_firing_for: minutes(wishes.keep),
        remind: minutes(wishes.remind),
        escalate: minutes(wishes.escalate).map(|after| Escalation { after, tell: vec!["boss".into()] }),
        critical_at: Some(Times(2.into())),
        ..Rule::plain("r", Condition::source_failing(), vec![TEAM.into()])
    }
}

/// What a rule asks for, in minutes.
#[derive(Debug, Clone, Copy)]
struct Wishes {
    hold: Option<u16>,
    keep: Option<u16>,
    remind: Option<u16>,
    escalate: Option<u16>,
}

fn wishes() -> impl Strategy<Value = Wishes> {
    let some = || prop::option::of(1u16..5);
    (some(), some(), some(), some()).prop_map(|(hold, keep, remind, escalate)| Wishes { hold, keep, remind, escalate })
}

fn verdict(letter: char) -> Verdict {
    let finding = |cause: Option<Cause>, value: i64| IncidentDetails {
        cause: cause.map(|cause| (cause, Confidence::Proved)),
        measure: Some(MeasuredValue { value: value.into(), limit: 10.into() }),
        ..IncidentDetails::default()
    };
    match letter {
        'h' => Verdict::Holds(Box::new(finding(None, 11))),
        'o' => Verdict::Holds(Box::new(finding(Some(Cause::Oom), 11))),
        'w' => Verdict::Holds(Box::new(finding(None, 25))),
        'c' => Verdict::Clear("fine".into()),
        _ => Verdict::Unknown("no data".into()),
    }
}

/// What happens between two judgements.
#[derive(Debug, Clone)]
enum Act {
    /// The clock moves by so many seconds, and the rule says this.
    Judge(i64, char),
    /// Somebody takes care of it.
    Ack,
    /// The rule is edited.
    Edit(Wishes),
    /// The rule is taken out of the configuration.
    Remove,
}

fn acts(seconds: impl Strategy<Value = i64> + Clone + 'static) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        20 => (seconds, prop::sample::select(vec!['h', 'h', 'o', 'w', 'c', 'c', 'u'])).prop_map(|(seconds, letter)| Act::Judge(seconds, letter)),
        2 => Just(Act::Ack),
        2 => wishes().prop_map(Act::Edit),
        1 => Just(Act::Remove),
    ];
    prop::collection::vec(act, 0..60)
}

/// Lives of one rule on one subject: the events with their receivers, and the incidents as they ended.
fn lives(first: Wishes, acts: &[Act]) -> (Vec<(String, IncidentEvent, String)>, Vec<Incident>) {
    let (mut rule, mut now, mut ack) = (rule(first), start(), None);
    // Whole seconds, added and taken away, meet the very millisecond of an earlier life far more often than a clock
    // does.
    let mut opened = BTreeSet::new();
    let (mut open, mut told, mut over): (Option<Incident>, _, _) = (None, Vec::new(), Vec::new());
    for act in acts {
        let step = match act {
            Act::Judge(seconds, letter) => {
                now = decision_time(
                    now + TimeDelta::seconds(*seconds),
                    over.last().and_then(|last: &Incident| last.resolved),
                );
                while open.is_none() && opened.contains(&now) {
                    now += TimeDelta::milliseconds(1);
                }
                incident::step(
                    &rule,
                    open.as_ref(),
                    &Judgement { subject: Subject::Total, verdict: verdict(*letter) },
                    ack.as_ref(),
                    now,
                )
            }
            Act::Ack => {
                ack = Some(Acknowledgement { author: "me".into(), at: now, note: String::new() });
                None
            }
            Act::Edit(wishes) => {
                rule = self::rule(*wishes);
                None
            }
            Act::Remove => open.as_ref().map(|open| incident::close(open, "its rule is gone", now)),
        };
        let Some(step) = step else { continue };
        for (event, receivers) in &step.tell {
            told.extend(receivers.iter().map(|receiver| (step.incident.id.clone(), *event, receiver.clone())));
        }
        if step.incident.is_over() {
            (open, ack) = (None, None);
            over.push(step.incident);
        } else {
            opened.insert(step.incident.opened);
            open = Some(step.incident);
        }
    }
    over.extend(open);
    (told, over)
}

proptest! {
    #[test]
    fn a_receiver_hears_of_each_life_its_opening_first_its_end_last_and_each_once(first in wishes(), acts in acts(-100_000i64..100_000)) {
        let (told, incidents) = lives(first, &acts);
        let mut ids = BTreeSet::new();
        for incident in &incidents {
            prop_assert!(ids.insert(&incident.id), "two lives have one id");
            for receiver in [TEAM, "boss"] {
                let heard: Vec<IncidentEvent> = told.iter().filter(|(id, _, to)| *id == incident.id && to == receiver).map(|(_, event, _)| *event).collect();
                let Some((first, rest)) = heard.split_first() else {
                    prop_assert!(receiver == "boss" || incident.fired.is_none());
                    continue;
                };
                let opens = |event: &IncidentEvent| matches!(event, IncidentEvent::Firing | IncidentEvent::Escalated);
                prop_assert!(opens(first), "{heard:?}");
                prop_assert!(!rest.iter().any(opens), "{heard:?}");
                let ends = heard.iter().filter(|event| event.is_end()).count();
                prop_assert_eq!(ends, usize::from(incident.is_over()), "{:?}", heard);
                prop_assert!(ends == 0 || heard.last().is_some_and(|event| event.is_end()), "{heard:?}");
            }
        }
        // One life ends before the next begins.
        for pair in incidents.windows(2) {
            prop_assert!(pair[0].is_over());
        }
    }

    #[test]
    fn a_rule_without_lengths_of_time_hears_nothing_of_the_clock(letters in "[howcu]{0,60}", jumps in prop::collection::vec(-100_000i64..100_000, 60)) {
        let none = Wishes { hold: None, keep: None, remind: None, escalate: None };
        let events = |step: &dyn Fn(usize) -> i64| {
            let acts: Vec<Act> = letters.chars().enumerate().map(|(n, letter)| Act::Judge(step(n), letter)).collect();
            lives(none, &acts).0.into_iter().map(|(_, event, _)| event).collect::<Vec<_>>()
        };
        prop_assert_eq!(events(&|n| jumps[n]), events(&|_| 60));
    }

    #[test]
    fn the_same_observations_in_any_order_make_the_same_incidents(order in Just((0..OBSERVATIONS).collect::<Vec<usize>>()).prop_shuffle(), few in 0..=OBSERVATIONS, seed in 0u64..20) {
        let all = observations(seed);
        let decide = |order: &[usize]| {
            let mut history = History::default();
            history.watch("watch.x", start() - TimeDelta::hours(1));
            order.iter().filter(|n| **n < few).for_each(|n| history.record(&all[*n]));
            let mut decision = decide(&book(), &history, &OpenIncidents::new(), &OperatorActions::default(), start() + TimeDelta::minutes(10));
            // Polls of one source have an order by nature; only since when its failures run, and how many there were,
            // is told from it.
            let of_source = |incident: &&mut Incident| matches!(incident.subject, Subject::Source(_));
            decision.incidents.iter_mut().filter(of_source).for_each(|incident| incident.finding.facts.retain(|(label, _)| label != "Failing since"));
            decision
        };
        prop_assert_eq!(decide(&order), decide(&(0..OBSERVATIONS).collect::<Vec<usize>>()));
    }

    #[test]
    fn whatever_a_receiver_does_it_hears_the_truth_once(acts in prop::collection::vec(happening(), 1..120), threads in prop::sample::select(vec![ThreadSupport::None, ThreadSupport::Replies, ThreadSupport::Edits]), quiet in any::<bool>(), wait in 0i64..300) {
        let mut post = Post::new(threads, quiet, wait);
        for act in &acts {
            post.happens(act)?;
        }
        post.settles()?;
    }
}

/// An early figure of the service `S` as it was at a time.
fn early(day: chrono::NaiveDate, as_of: DateTime<Utc>, amount: u32) -> EarlyFigure {
    let early = EarlyCost { month_to_date: amount.into(), today: Some(amount.into()) };
    EarlyFigure {
        origin: EarlyOrigin::Usage,
        day,
        as_of,
        services: [("S".to_owned(), early)].into(),
        total: None,
        free: BTreeMap::new(),
    }
}

const OBSERVATIONS: usize = 40;

/// Observations of ten minutes, some at the very same instant.
fn observations(seed: u64) -> Vec<Observation> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = Vec::new();
    for n in 0..OBSERVATIONS {
        let at = start() + TimeDelta::minutes(random.i64(0..10));
        let function = format!("f{}", random.u8(0..2));
        let what = match random.u8(0..7) {
            0 => ObservationBody::Cost(DayCost {
                day: start().date_naive(),
                estimated: false,
                settled: true,
                services: [("S".to_owned(), Money { amount: random.u32(0..40).into(), currency: Money::USD.into() })]
                    .into(),
                records: BTreeMap::new(),
            }),
            1 if random.u8(0..2) == 0 => ObservationBody::Early(early(start().date_naive(), at, random.u32(0..40))),
            1 => ObservationBody::Tally(InvocationCounts {
                function,
                invocations: 5,
                cold: 2,
                cold_waited: 2,
                ..InvocationCounts::default()
            }),
            2 | 3 => ObservationBody::Fault(FailedInvocation {
                own: None,
                function,
                cause: if random.bool() { Cause::Oom } else { Cause::ImportError },
                confidence: Confidence::Proved,
                request_id: Some(format!("{n}")),
                finding: "It is so.".into(),
                evidence: vec![],
                also: vec![],
                fingerprint: None,
            }),
            4 => ObservationBody::Ping(PingResult {
                function,
                outcome: if random.bool() { PingOutcome::Warm } else { PingOutcome::Cold },
                cause: None,
                startup_unfinished: false,
                duration_ms: Some(random.u64(0..9)),
                billed_ms: None,
                memory_mb: None,
                usd: None,
                evidence: vec![],
            }),
            5 => ObservationBody::ReadUpTo(ReadUpTo { function }),
            _ if random.bool() => ObservationBody::Answered,
            _ => ObservationBody::Failed(CallFailure {
                call: "c".into(),
                resource: "r".into(),
                kind: FailureKind::Denied,
                said: format!("no {}", random.u8(0..3)),
                next_step: "allow it".into(),
            }),
        };
        all.push(Observation { at, seen: at, source: "watch.x".into(), what });
    }
    all
}

fn book() -> Rulebook {
    let read = |text: &str| {
        let text = format!("[alert.r]\n{text}\ntell = [\"team\"]\n[receiver.team]\nvia.stdout = {{}}\n");
        let config: MonitorConfig =
            parse(&text, &ConfigEnvironment::default(), start()).expect("a valid configuration");
        config.rules.into_iter().find(|rule| rule.name == "r").expect("the rule")
    };
    let rules = [
        "when.cost_above = { service = \"*\", usd = \"10\" }",
        "when.lambda_cause = { causes = [\"oom\"], count = 2, within = \"20m\" }",
        "when.cold_starts = { share = \"10%\", within = \"1h\", at_least = 5 }",
        "when.ping_failing = { count = 2 }",
    ];
    let mut rules: Vec<Rule> =
        rules.iter().enumerate().map(|(n, text)| Rule { name: format!("r{n}"), ..read(text) }).collect();
    rules.push(Rule::plain("source", Condition::source_failing(), vec![TEAM.into()]));
    Rulebook { rules, terms: BTreeMap::new() }
}

/// Something happens to one of a few incidents, or to the receiver.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Event(usize, IncidentEvent),
    /// So many seconds pass.
    Passes(i64),
    /// It is told, and takes it, or certainly does not, or nobody knows.
    Takes,
    Fails,
    GivesNoAnswer,
    /// An incident is silenced for so many seconds.
    Silenced(usize, i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let event = prop::sample::select(vec![
        IncidentEvent::Firing,
        IncidentEvent::Firing,
        IncidentEvent::Changed,
        IncidentEvent::Worsened,
        IncidentEvent::Reminder,
        IncidentEvent::Resolved,
        IncidentEvent::Resolved,
    ]);
    prop_oneof![
        8 => (0usize..6, event).prop_map(|(of, event)| Happening::Event(of, event)),
        4 => (0i64..4000).prop_map(Happening::Passes),
        4 => Just(Happening::Takes),
        2 => Just(Happening::Fails),
        1 => Just(Happening::GivesNoAnswer),
        1 => (0usize..6, 0i64..9000).prop_map(|(of, seconds)| Happening::Silenced(of, seconds)),
    ]
}

/// What waits for one receiver and what it has heard, as the store and the receiver keep it.
struct Post {
    terms: ReceiverPolicy,
    threads: ThreadSupport,
    orders: OperatorActions,
    now: DateTime<Utc>,
    incidents: BTreeMap<String, Incident>,
    /// The open life of each subject.
    open: [Option<String>; 6],
    rows: Vec<(i64, Notification, Option<i64>, bool)>,
    /// A message whose fate is not known: its number and rows.
    uncertain: Option<(i64, Vec<i64>)>,
    /// Of each message that the receiver has: what it said of which incident.
    heard: Vec<(i64, String, Option<IncidentEvent>)>,
    messages: i64,
}

impl Post {
    fn new(threads: ThreadSupport, quiet: bool, wait: i64) -> Self {
        let time = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).expect("is well formed");
        let quiet = quiet.then(|| QuietHours { from: time(22), to: time(4), except: Some(Severity::Critical) });
        let terms = ReceiverPolicy {
            quiet,
            group_wait: TimeDelta::seconds(wait),
            ..ReceiverPolicy::usual(chrono_tz::Tz::Europe__Berlin)
        };
        let orders = OperatorActions::default();
        Self {
            terms,
            threads,
            orders,
            now: start(),
            incidents: BTreeMap::new(),
            open: Default::default(),
            rows: vec![],
            uncertain: None,
            heard: vec![],
            messages: 0,
        }
    }

    fn happens(&mut self, act: &Happening) -> Result<(), TestCaseError> {
        match *act {
            Happening::Event(subject, event) => self.event(subject, event),
            Happening::Passes(seconds) => self.now += TimeDelta::seconds(seconds),
            Happening::Takes => self.tells(|_| Some(true))?,
            Happening::Fails => self.tells(|_| Some(false))?,
            Happening::GivesNoAnswer => self.tells(|number| (number % 2 == 0).then_some(true))?,
            Happening::Silenced(subject, seconds) => {
                let name = format!("function:f{subject}");
                let (from, until) = (self.now, self.now + TimeDelta::seconds(seconds));
                let silence = Silence {
                    id: 1,
                    rule: "*".parse().expect("is well formed"),
                    subject: name.parse().expect("is well formed"),
                    from,
                    until,
                    author: "me".into(),
                    reason: "so".into(),
                };
                self.orders.silences.push(silence);
            }
        }
        Ok(())
    }

    fn event(&mut self, subject: usize, event: IncidentEvent) {
        if event == IncidentEvent::Firing && self.open[subject].is_none() {
            let rule = Rule {
                severity: if subject == 0 { Severity::Critical } else { Severity::Warning },
                ..Rule::plain("r", Condition::source_failing(), vec![TEAM.into()])
            };
            let judgement = Judgement { subject: Subject::Function(format!("f{subject}")), verdict: verdict('h') };
            let mut incident =
                incident::step(&rule, None, &judgement, None, self.now).expect("is well formed").incident;
            // Two lives within a millisecond are two all the same.
            incident.id = format!("{}-{}", incident.id, self.incidents.len());
            self.open[subject] = Some(incident.id.clone());
            self.incidents.insert(incident.id.clone(), incident);
        } else if event == IncidentEvent::Firing {
            return;
        }
        let Some(id) = self.open[subject].clone() else { return };
        if event.is_end() {
            let incident = self.incidents.get_mut(&id).expect("is well formed");
            (incident.state, incident.resolved) = (IncidentState::Resolved, Some(self.now));
            self.open[subject] = None;
        }
        let row = self.rows.len() as i64;
        self.rows.push((row, Notification { incident: id, receiver: TEAM.into(), event, at: self.now }, None, false));
    }

    /// The receiver is told what there is to tell; `answers` says of a message whether it is taken, `None` if nobody
    /// knows, although it is.
    fn tells(&mut self, answers: impl Fn(i64) -> Option<bool>) -> Result<(), TestCaseError> {
        if let Some((message, rows)) = self.uncertain.take() {
            // It is sent again as it is, with the same key.
            match answers(message) {
                Some(true) => self.settle(message, &rows),
                _ => self.uncertain = Some((message, rows)),
            }
            return Ok(());
        }
        let nothing = BTreeMap::new();
        let desk = PlanContext {
            terms: &self.terms,
            threads: self.threads,
            orders: &self.orders,
            mutes: &nothing,
            at_once: false,
        };
        let plan = plan(self.waiting(), desk, self.now);
        for (rows, _) in &plan.dropped {
            rows.iter().for_each(|row| self.rows[*row as usize].3 = true);
        }
        let Some(draft) = plan.draft else {
            let waits = self.rows.iter().any(|(_, _, message, done)| message.is_none() && !done);
            prop_assert!(!waits || plan.look.is_some_and(|look| look > self.now), "something waits for nothing");
            return Ok(());
        };
        self.messages += 1;
        let said = draft
            .message
            .lines()
            .map(|line| (line.incident, Some(line.event)))
            .chain(draft.message.missed.iter().map(|line| (line.incident.clone(), None)));
        let said: Vec<(String, Option<IncidentEvent>)> = said.collect();
        let answer = answers(self.messages);
        if answer != Some(false) {
            self.heard.extend(said.into_iter().map(|(incident, event)| (self.messages, incident, event)));
        }
        match answer {
            Some(true) => self.settle(self.messages, &draft.rows),
            Some(false) => {}
            None => {
                draft.rows.iter().for_each(|row| self.rows[*row as usize].2 = Some(self.messages));
                self.uncertain = Some((self.messages, draft.rows));
            }
        }
        Ok(())
    }

    fn settle(&mut self, message: i64, rows: &[i64]) {
        for row in rows {
            let row = &mut self.rows[*row as usize];
            (row.2, row.3) = (Some(message), true);
        }
    }

    /// What the store hands over: by incident, with the message it was first told in.
    fn waiting(&self) -> Vec<QueuedIncident> {
        let mut all: BTreeMap<&str, QueuedIncident> = BTreeMap::new();
        for (row, told, message, done) in &self.rows {
            if *done || message.is_some() {
                continue;
            }
            let root = self
                .rows
                .iter()
                .filter(|(_, other, _, done)| *done && other.incident == told.incident)
                .filter_map(|(_, _, message, _)| *message)
                .min();
            let waiting = all.entry(&told.incident).or_insert_with(|| QueuedIncident {
                rows: vec![],
                events: vec![],
                incident: self.incidents[&told.incident].clone(),
                root,
            });
            waiting.rows.push(*row);
            waiting.events.push((told.event, told.at));
        }
        all.into_values().collect()
    }

    /// Everything ends, the receiver takes everything, and what it heard is looked at.
    fn settles(&mut self) -> Result<(), TestCaseError> {
        for subject in 0..6 {
            self.event(subject, IncidentEvent::Resolved);
        }
        for _ in 0..60 {
            self.now += TimeDelta::hours(1);
            self.tells(|_| Some(true))?;
        }
        prop_assert!(self.rows.iter().all(|(_, _, _, done)| *done), "something was never told");
        for id in self.incidents.keys() {
            let heard: Vec<Option<IncidentEvent>> =
                self.heard.iter().filter(|(_, incident, _)| incident == id).map(|(_, _, event)| *event).collect();
            let dropped = heard.is_empty() && !self.orders.silences.is_empty();
            let missed = heard == [None];
            let told = heard.first() == Some(&Some(IncidentEvent::Firing))
                && heard.last().is_some_and(|event| event.is_some_and(IncidentEvent::is_end))
                && heard.iter().filter(|event| **event == Some(IncidentEvent::Firing)).count() == 1
                && heard.iter().filter(|event| event.is_some_and(IncidentEvent::is_end)).count() == 1;
            prop_assert!(dropped || missed || told, "{heard:?}");
        }
        Ok(())
    }
}
