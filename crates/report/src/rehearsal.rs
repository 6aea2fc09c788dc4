//! The result of a rehearsal, as text and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use alerting::notification::mark;
use alerting::rehearsal::{DeliveredEvent, DeliveryRecord, RehearsalGap, matched};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use model::span::spoken;
use serde::Serialize;

use super::text::{new_table, plain};

/// A name takes this much of a line at most, so that what follows stays in columns.
const WIDEST: usize = 30;

/// How much was replayed.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct ReplayedCounts {
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

/// The result of a rehearsal.
#[derive(Debug)]
pub struct Rehearsal {
    /// The first instant of the period, UTC.
    pub from: DateTime<Utc>,
    /// The first one after it, UTC.
    pub to: DateTime<Utc>,
    /// When the store begins, UTC; `None` if it is empty.
    pub begins: Option<DateTime<Utc>>,
    /// What would have been sent, in order.
    pub would_send: Vec<DeliveryRecord>,
    /// What was sent, in order.
    pub was_sent: Vec<DeliveryRecord>,
    /// What cannot be known.
    pub not_rehearsable: Vec<RehearsalGap>,
    /// Rules without any data.
    pub mute: Vec<String>,
    /// When the daemon did not run, UTC.
    pub gaps: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// How much was replayed.
    pub replayed: ReplayedCounts,
}

/// Its form as JSON, schema 1; the schema is `docs/rehearse.schema.json`.
#[derive(Debug, Serialize)]
struct RehearsalDocument<'a> {
    schema: u32,
    period: TimeRangeView,
    begins: Option<DateTime<Utc>>,
    replayed: ReplayedCounts,
    stopped: Vec<TimeRangeView>,
    would_send: &'a [DeliveryRecord],
    was_sent: Vec<SentView<'a>>,
    matches: Vec<MatchView>,
    not_rehearsable: &'a [RehearsalGap],
    mute_rules: &'a [String],
}

#[derive(Debug, Serialize)]
struct TimeRangeView {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct SentView<'a> {
    #[serde(flatten)]
    said: &'a DeliveryRecord,
    rehearsable: bool,
}

#[derive(Debug, Serialize)]
struct MatchView {
    would_send: usize,
    was_sent: usize,
}

impl Rehearsal {
    fn is_rehearsable(&self, said: &DeliveryRecord) -> bool {
        !self.not_rehearsable.iter().any(|not| not.covers(&said.rule, said.at))
    }

    /// As JSON.
    ///
    /// # Errors
    /// Never: nothing in it is beyond JSON.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let stretch = |(from, to): &(DateTime<Utc>, DateTime<Utc>)| TimeRangeView { from: *from, to: *to };
        let pairs = matched(&self.would_send, &self.was_sent);
        serde_json::to_string_pretty(&RehearsalDocument {
            schema: 1,
            period: TimeRangeView { from: self.from, to: self.to },
            begins: self.begins,
            replayed: self.replayed,
            stopped: self.gaps.iter().map(stretch).collect(),
            would_send: &self.would_send,
            was_sent: self
                .was_sent
                .iter()
                .map(|said| SentView { said, rehearsable: self.is_rehearsable(said) })
                .collect(),
            matches: pairs.into_iter().map(|(would_send, was_sent)| MatchView { would_send, was_sent }).collect(),
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
            out.push_str("Nothing was sent, and nothing would have been sent.\n");
            return out;
        }
        let has = |mark: EntryMark| entries.iter().any(|entry| entry.mark == mark);
        let legend: Vec<String> = EntryMark::ALL
            .iter()
            .filter(|mark| has(**mark))
            .map(|mark| format!("{} {}", mark.shown(colors), mark.meaning()))
            .collect();
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
        let ReplayedCounts { costs, minutes, faults, pings, points } = self.replayed;
        let kinds = [
            (costs, "cost figure"),
            (minutes, "minute of functions"),
            (faults, "fault"),
            (pings, "ping"),
            (points, "metric point"),
        ];
        let kinds: Vec<String> =
            kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count, what)).collect();
        let _ = writeln!(
            out,
            "Replayed: {}",
            if kinds.is_empty() {
                "nothing; the store has no observations in this period".to_owned()
            } else {
                kinds.join(", ")
            }
        );
        if let Some(begins) = self.begins.filter(|begins| *begins > self.from) {
            let _ = writeln!(out, "The store begins at {}.", when(begins));
        }
        for (from, to) in &self.gaps {
            let _ = writeln!(
                out,
                "The monitor did not run from {} to {}, so this period is not replayed.",
                when(*from),
                when(*to)
            );
        }
        for not in &self.not_rehearsable {
            let until = not.until.map(|until| format!(" before {}", when(until))).unwrap_or_default();
            let _ = writeln!(out, "{} cannot be rehearsed{until}: {}.", not.rule, not.why);
        }
        let unknown: BTreeSet<&str> =
            self.not_rehearsable.iter().filter(|not| not.until.is_none()).map(|not| not.rule.as_str()).collect();
        let mute: Vec<&str> = self.mute.iter().map(String::as_str).filter(|rule| !unknown.contains(rule)).collect();
        if !mute.is_empty() {
            let _ = writeln!(
                out,
                "The replay has no data for {}: check its functions, its source, or the watches.",
                mute.join(", ")
            );
        }
        out.push('\n');
    }

    /// Both lists as one, in the order in which things were sent.
    fn entries(&self) -> Vec<RehearsalEntry<'_>> {
        let (of_would, of_was): (BTreeMap<usize, usize>, BTreeSet<usize>) = {
            let pairs = matched(&self.would_send, &self.was_sent);
            (pairs.iter().copied().collect(), pairs.iter().map(|(_, was)| *was).collect())
        };
        let would = self.would_send.iter().enumerate().map(|(place, said)| {
            let was = of_would.get(&place).and_then(|was| self.was_sent.get(*was));
            RehearsalEntry {
                mark: if was.is_some() { EntryMark::Both } else { EntryMark::Would },
                said,
                later: was.map(|was| said.sent - was.sent),
            }
        });
        let was = self.was_sent.iter().enumerate().filter(|(place, _)| !of_was.contains(place)).map(|(_, said)| {
            let mark = if self.is_rehearsable(said) { EntryMark::Was } else { EntryMark::Unknown };
            RehearsalEntry { mark, said, later: None }
        });
        let mut entries: Vec<RehearsalEntry<'_>> = would.chain(was).collect();
        entries.sort_by(|a, b| {
            (a.said.sent, &a.said.receiver, &a.said.rule, &a.said.subject).cmp(&(
                b.said.sent,
                &b.said.receiver,
                &b.said.rule,
                &b.said.subject,
            ))
        });
        entries
    }
}

/// A line of the list.
struct RehearsalEntry<'a> {
    mark: EntryMark,
    said: &'a DeliveryRecord,
    /// How much later it would have been sent than it was.
    later: Option<TimeDelta>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryMark {
    Both,
    Would,
    Was,
    Unknown,
}

impl EntryMark {
    const ALL: &'static [Self] = &[Self::Both, Self::Would, Self::Was, Self::Unknown];

    fn meaning(self) -> &'static str {
        match self {
            Self::Both => "in both",
            Self::Would => "only with this configuration",
            Self::Was => "only sent in reality",
            Self::Unknown => "sent in reality, cannot be rehearsed",
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

fn list(entries: &[RehearsalEntry<'_>], zone: Tz, colors: bool, out: &mut String) {
    let widest = |of: fn(&DeliveryRecord) -> &str| {
        entries.iter().map(|entry| of(entry.said).chars().count()).max().unwrap_or(0).min(WIDEST)
    };
    let (receivers, rules, events) =
        (widest(|said| &said.receiver), widest(|said| &said.rule), widest(|said| said.event.word()));
    for RehearsalEntry { mark: found, said, later } in entries {
        let at = said.sent.with_timezone(&zone).format("%F %T");
        let shift = later.filter(|later| later.abs() >= TimeDelta::minutes(1)).map(|later| {
            let word = if later > TimeDelta::zero() { "later" } else { "earlier" };
            format!(" ({} {word})", spoken(later.abs()))
        });
        let DeliveryRecord { receiver, rule, event, headline, .. } = said;
        let severity = match event {
            DeliveredEvent::Told(event) => mark(*event, said.severity),
            DeliveredEvent::Missed => "over",
        };
        let (event, shift) = (event.word(), shift.unwrap_or_default());
        let _ = writeln!(
            out,
            "{} {at}  {receiver:receivers$}  {rule:rules$}  {event:events$}  [{severity}] {headline}{shift}",
            found.shown(colors)
        );
    }
}

/// How often each name stands in either list.
fn summary(title: &str, entries: &[RehearsalEntry<'_>], name: impl Fn(&DeliveryRecord) -> &str) -> String {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for entry in entries {
        let (was, would) = counts.entry(name(entry.said)).or_default();
        *was += u64::from(entry.mark != EntryMark::Would);
        *would += u64::from(matches!(entry.mark, EntryMark::Both | EntryMark::Would));
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
