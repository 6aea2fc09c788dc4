//! What a rehearsal has found, as text and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use alerting::notification::mark;
use alerting::rehearsal::{Happened, NotRehearsable, Said, matched};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use model::span::spoken;
use serde::Serialize;

use super::text::{new_table, plain};

/// A name takes this much of a line at most, so that what follows stays in columns.
const WIDEST: usize = 30;

/// How much was replayed.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Replayed {
    /// Figures of costs.
    pub costs: u64,
    /// Minutes in which a function did something.
    pub minutes: u64,
    /// Faults.
    pub faults: u64,
    /// Pings.
    pub pings: u64,
    /// Points of metrics.
    pub points: u64,
}

/// Everything there is to say of a rehearsal.
#[derive(Debug)]
pub struct Rehearsal {
    /// The first instant of the period, UTC.
    pub from: DateTime<Utc>,
    /// The first one after it, UTC.
    pub to: DateTime<Utc>,
    /// When the store begins, UTC; `None` if it is empty.
    pub begins: Option<DateTime<Utc>>,
    /// What would have been told, in order.
    pub would_send: Vec<Said>,
    /// What was told, in order.
    pub was_sent: Vec<Said>,
    /// What cannot be known.
    pub not_rehearsable: Vec<NotRehearsable>,
    /// Rules that had nothing to speak of.
    pub mute: Vec<String>,
    /// When the daemon did not run, UTC.
    pub gaps: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// How much was replayed.
    pub replayed: Replayed,
}

/// Its form as JSON, schema 1; the schema is `docs/rehearse.schema.json`.
#[derive(Debug, Serialize)]
struct Form<'a> {
    schema: u32,
    period: Stretch,
    begins: Option<DateTime<Utc>>,
    replayed: Replayed,
    stopped: Vec<Stretch>,
    would_send: &'a [Said],
    was_sent: Vec<WasSent<'a>>,
    matches: Vec<Pair>,
    not_rehearsable: &'a [NotRehearsable],
    mute_rules: &'a [String],
}

#[derive(Debug, Serialize)]
struct Stretch {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct WasSent<'a> {
    #[serde(flatten)]
    said: &'a Said,
    rehearsable: bool,
}

#[derive(Debug, Serialize)]
struct Pair {
    would_send: usize,
    was_sent: usize,
}

impl Rehearsal {
    fn is_rehearsable(&self, said: &Said) -> bool {
        !self.not_rehearsable.iter().any(|not| not.covers(&said.rule, said.at))
    }

    /// As JSON.
    ///
    /// # Errors
    /// Never: nothing in it is beyond JSON.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let stretch = |(from, to): &(DateTime<Utc>, DateTime<Utc>)| Stretch { from: *from, to: *to };
        let pairs = matched(&self.would_send, &self.was_sent);
        serde_json::to_string_pretty(&Form {
            schema: 1,
            period: Stretch { from: self.from, to: self.to },
            begins: self.begins,
            replayed: self.replayed,
            stopped: self.gaps.iter().map(stretch).collect(),
            would_send: &self.would_send,
            was_sent: self.was_sent.iter().map(|said| WasSent { said, rehearsable: self.is_rehearsable(said) }).collect(),
            matches: pairs.into_iter().map(|(would_send, was_sent)| Pair { would_send, was_sent }).collect(),
            not_rehearsable: &self.not_rehearsable,
            mute_rules: &self.mute,
        })
    }

    /// As a person reads it in a terminal, times on the wall clock of `zone`.
    pub fn text(&self, zone: Tz, colors: bool) -> String {
        let entries = self.entries();
        let mut out = String::new();
        self.head(&mut out, zone);
        if entries.is_empty() {
            out.push_str("Nothing was sent, and nothing would have been.\n");
            return out;
        }
        let has = |mark: Mark| entries.iter().any(|entry| entry.mark == mark);
        let legend: Vec<String> = Mark::ALL.iter().filter(|mark| has(**mark)).map(|mark| format!("{} {}", mark.shown(colors), mark.meaning())).collect();
        let _ = writeln!(out, "{}\n", legend.join("   "));
        list(&entries, zone, colors, &mut out);
        out.push('\n');
        let _ = writeln!(out, "{}\n", summary("Rule", &entries, |said| &said.rule));
        let _ = writeln!(out, "{}", summary("Receiver", &entries, |said| &said.receiver));
        out
    }

    fn head(&self, out: &mut String, zone: Tz) {
        let when = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %H:%M").to_string();
        let _ = writeln!(out, "Rehearsal from {} to {} ({zone})\n", when(self.from), when(self.to));
        let Replayed { costs, minutes, faults, pings, points } = self.replayed;
        let kinds = [(costs, "cost figure"), (minutes, "minute of functions"), (faults, "fault"), (pings, "ping"), (points, "metric point")];
        let kinds: Vec<String> = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count, what)).collect();
        let _ =
            writeln!(out, "Replayed: {}", if kinds.is_empty() { "nothing; the store has no observations of this period".to_owned() } else { kinds.join(", ") });
        if let Some(begins) = self.begins.filter(|begins| *begins > self.from) {
            let _ = writeln!(out, "The store begins at {}.", when(begins));
        }
        for (from, to) in &self.gaps {
            let _ = writeln!(out, "The monitor did not run from {} to {}; neither does it here.", when(*from), when(*to));
        }
        for not in &self.not_rehearsable {
            let until = not.until.map(|until| format!(" before {}", when(until))).unwrap_or_default();
            let _ = writeln!(out, "{} cannot be rehearsed{until}: {}.", not.rule, not.why);
        }
        let unknown: BTreeSet<&str> = self.not_rehearsable.iter().filter(|not| not.until.is_none()).map(|not| not.rule.as_str()).collect();
        let mute: Vec<&str> = self.mute.iter().map(String::as_str).filter(|rule| !unknown.contains(rule)).collect();
        if !mute.is_empty() {
            let _ = writeln!(out, "Nothing was replayed that {} could speak of: see its functions, its source, or what is watched.", mute.join(", "));
        }
        out.push('\n');
    }

    /// Both lists as one, in the order in which things were sent.
    fn entries(&self) -> Vec<Entry<'_>> {
        let (of_would, of_was): (BTreeMap<usize, usize>, BTreeSet<usize>) = {
            let pairs = matched(&self.would_send, &self.was_sent);
            (pairs.iter().copied().collect(), pairs.iter().map(|(_, was)| *was).collect())
        };
        let would = self.would_send.iter().enumerate().map(|(place, said)| {
            let was = of_would.get(&place).and_then(|was| self.was_sent.get(*was));
            Entry { mark: if was.is_some() { Mark::Both } else { Mark::Would }, said, later: was.map(|was| said.sent - was.sent) }
        });
        let was = self.was_sent.iter().enumerate().filter(|(place, _)| !of_was.contains(place)).map(|(_, said)| {
            let mark = if self.is_rehearsable(said) { Mark::Was } else { Mark::Unknown };
            Entry { mark, said, later: None }
        });
        let mut entries: Vec<Entry<'_>> = would.chain(was).collect();
        entries.sort_by(|a, b| {
            (a.said.sent, &a.said.receiver, &a.said.rule, &a.said.subject).cmp(&(b.said.sent, &b.said.receiver, &b.said.rule, &b.said.subject))
        });
        entries
    }
}

/// A line of the list.
struct Entry<'a> {
    mark: Mark,
    said: &'a Said,
    /// How much later it would have been sent than it was.
    later: Option<TimeDelta>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Both,
    Would,
    Was,
    Unknown,
}

impl Mark {
    const ALL: &'static [Self] = &[Self::Both, Self::Would, Self::Was, Self::Unknown];

    fn meaning(self) -> &'static str {
        match self {
            Self::Both => "in both",
            Self::Would => "only with this configuration",
            Self::Was => "only really sent",
            Self::Unknown => "really sent, and cannot be rehearsed",
        }
    }

    fn shown(self, colors: bool) -> &'static str {
        match (self, colors) {
            (Self::Both, _) => "=",
            (Self::Would, false) => "+",
            (Self::Was, false) => "-",
            (Self::Unknown, false) => "?",
            (Self::Would, true) => "\u{1b}[32m+\u{1b}[0m",
            (Self::Was, true) => "\u{1b}[31m-\u{1b}[0m",
            (Self::Unknown, true) => "\u{1b}[33m?\u{1b}[0m",
        }
    }
}

fn list(entries: &[Entry<'_>], zone: Tz, colors: bool, out: &mut String) {
    let widest = |of: fn(&Said) -> &str| entries.iter().map(|entry| of(entry.said).chars().count()).max().unwrap_or(0).min(WIDEST);
    let (receivers, rules, events) = (widest(|said| &said.receiver), widest(|said| &said.rule), widest(|said| said.event.word()));
    for Entry { mark: found, said, later } in entries {
        let at = said.sent.with_timezone(&zone).format("%F %T");
        let shift = later.filter(|later| later.abs() >= TimeDelta::minutes(1)).map(|later| {
            let word = if later > TimeDelta::zero() { "later" } else { "earlier" };
            format!(" ({} {word})", spoken(later.abs()))
        });
        let Said { receiver, rule, event, headline, .. } = said;
        let severity = match event {
            Happened::Told(event) => mark(*event, said.severity),
            Happened::Missed => "over",
        };
        let (event, shift) = (event.word(), shift.unwrap_or_default());
        let _ = writeln!(out, "{} {at}  {receiver:receivers$}  {rule:rules$}  {event:events$}  [{severity}] {headline}{shift}", found.shown(colors));
    }
}

/// How often each name stands in either list.
fn summary(title: &str, entries: &[Entry<'_>], name: impl Fn(&Said) -> &str) -> String {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for entry in entries {
        let (was, would) = counts.entry(name(entry.said)).or_default();
        *was += u64::from(entry.mark != Mark::Would);
        *would += u64::from(matches!(entry.mark, Mark::Both | Mark::Would));
    }
    let mut table = new_table(&[title, "Was sent", "Would be sent"], 2);
    for (name, (was, would)) in counts {
        table.add_row([name.to_owned(), was.to_string(), would.to_string()]);
    }
    plain(&table)
}

fn counted(count: u64, what: &str) -> String {
    match what.split_once(' ') {
        _ if count == 1 => format!("1 {what}"),
        Some((first, rest)) if first == "minute" => format!("{count} {first}s {rest}"),
        _ => format!("{count} {what}s"),
    }
}
