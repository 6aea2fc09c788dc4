//! Liveness: records that a source answered or failed, that a log was read and that the daemon ran. Single events are
//! not needed later, so they are stored as runs with a start and an end; a rehearsal uses them to know what was known
//! when.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use model::call_failure::{CallFailure, FailureKind};

use super::observation::{Observation, ObservationBody};

/// Signs that are further apart belong to different runs. No rule calls a log that was read so lately stale.
pub const GAP: TimeDelta = TimeDelta::minutes(15);
/// The daemon's own name among the sources; theirs begin with `watch.` or `warm.`.
pub const DAEMON: &str = "monitor";
/// That a run goes on is written down this often; that one begins, with the next commit.
const WRITE: TimeDelta = TimeDelta::minutes(5);

/// What a sign is a sign of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LivenessKind {
    /// The source answered, or failed.
    State,
    /// A function's log was read, not more than [`GAP`] late.
    Read,
    /// The metrics of a function were.
    Measured,
}

impl LivenessKind {
    /// Each kind with its word in the store.
    pub const ALL: &'static [(&'static str, Self)] =
        &[("state", Self::State), ("read", Self::Read), ("measured", Self::Measured)];

    /// Its word in the store.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("state", |(word, _)| word)
    }
}

/// A run of signs of the same kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivenessRun {
    /// `watch.<name>`, `warm.<name>`, or [`DAEMON`].
    pub source: String,
    /// The kind of liveness.
    pub kind: LivenessKind,
    /// The function that was read; empty for [`LivenessKind::State`].
    pub function: String,
    /// The first sign, UTC.
    pub since: DateTime<Utc>,
    /// The last one, UTC.
    pub until: DateTime<Utc>,
    /// What failed first, where it failed.
    pub failure: Option<CallFailure>,
}

/// The open runs, and which parts of them are not stored yet.
#[derive(Debug, Default)]
pub struct LivenessLog {
    runs: BTreeMap<LivenessKind, BTreeMap<String, BTreeMap<String, OpenRun>>>,
    /// Runs that are over and whose end is not written down.
    ended: Vec<LivenessRun>,
    /// A run has begun that is not written down.
    began: bool,
    /// When all runs were last written down.
    written: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct OpenRun {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    failure: Option<CallFailure>,
    /// Something of it is not written down.
    changed: bool,
    /// None of it is.
    new: bool,
}

impl LivenessLog {
    /// Continues the latest run of each kind in the store.
    pub fn restore(&mut self, known: Vec<LivenessRun>) {
        for LivenessRun { source, kind, function, since, until, failure } in known {
            let run = OpenRun { since, until, failure, changed: false, new: false };
            self.runs.entry(kind).or_default().entry(source).or_default().insert(function, run);
        }
    }

    /// Records the liveness shown by an observation.
    pub fn saw(&mut self, observation: &Observation) {
        let Observation { at, seen, source, what } = observation;
        let on_time = *seen - *at <= GAP;
        match what {
            ObservationBody::Answered => self.sign(LivenessKind::State, source, "", *seen, None),
            ObservationBody::Failed(failure) => self.sign(LivenessKind::State, source, "", *seen, Some(failure)),
            ObservationBody::ReadUpTo(read) if on_time => {
                self.sign(LivenessKind::Read, source, &read.function, *at, None);
            }
            ObservationBody::MeasuredUpTo(read) if on_time => {
                self.sign(LivenessKind::Measured, source, &read.function, *at, None);
            }
            _ => {}
        }
    }

    /// The daemon's loop has turned.
    pub fn turned(&mut self, now: DateTime<Utc>) {
        self.sign(LivenessKind::State, DAEMON, "", now, None);
    }

    fn sign(
        &mut self,
        kind: LivenessKind,
        source: &str,
        function: &str,
        at: DateTime<Utc>,
        failure: Option<&CallFailure>,
    ) {
        let of_kind = self.runs.entry(kind).or_default();
        if !of_kind.contains_key(source) {
            of_kind.insert(source.to_owned(), BTreeMap::new());
        }
        let Some(of_source) = of_kind.get_mut(source) else { return };
        let failed = |failure: Option<&CallFailure>| -> Option<FailureKind> { failure.map(|failure| failure.kind) };
        if let Some(run) = of_source.get_mut(function)
            && at - run.until <= GAP
            && failed(run.failure.as_ref()) == failed(failure)
        {
            run.changed |= at > run.until;
            run.until = run.until.max(at);
            return;
        }
        let run = OpenRun { since: at, until: at, failure: failure.cloned(), changed: true, new: true };
        if let Some(over) = of_source.insert(function.to_owned(), run).filter(|over| over.changed) {
            self.ended.push(over.sign(kind, source, function));
        }
        self.began = true;
    }

    /// Whether something is to be written down.
    pub fn are_due(&self, now: DateTime<Utc>) -> bool {
        self.began
            || !self.ended.is_empty()
            || self.written.is_none_or(|written| now - written >= WRITE || written > now)
    }

    /// What is to be written down now; it counts as written from then on.
    pub fn take(&mut self, now: DateTime<Utc>) -> Vec<LivenessRun> {
        let all = self.written.is_none_or(|written| now - written >= WRITE || written > now);
        if all {
            self.written = Some(now);
        }
        self.taken(|run| run.new || all)
    }

    /// Everything that is not written down yet.
    pub fn take_all(&mut self) -> Vec<LivenessRun> {
        self.taken(|_| true)
    }

    fn taken(&mut self, due: impl Fn(&OpenRun) -> bool) -> Vec<LivenessRun> {
        let mut taken = std::mem::take(&mut self.ended);
        self.began = false;
        for (kind, sources) in &mut self.runs {
            for (source, functions) in sources {
                for (function, run) in functions.iter_mut().filter(|(_, run)| run.changed && due(run)) {
                    taken.push(run.sign(*kind, source, function));
                    (run.changed, run.new) = (false, false);
                }
            }
        }
        taken
    }
}

impl OpenRun {
    fn sign(&self, kind: LivenessKind, source: &str, function: &str) -> LivenessRun {
        let (source, function) = (source.to_owned(), function.to_owned());
        LivenessRun { source, kind, function, since: self.since, until: self.until, failure: self.failure.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::ReadUpTo;

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    /// What a source did at a minute: answered, failed, was throttled, or read a function that many minutes late.
    fn seen(minute_seen: i64, what: &str) -> Observation {
        let failed = |kind| {
            ObservationBody::Failed(CallFailure {
                call: "c".into(),
                resource: "r".into(),
                kind,
                said: what.into(),
                next_step: String::new(),
            })
        };
        let (late, what) = match what {
            "answered" => (0, ObservationBody::Answered),
            "failed" => (0, failed(FailureKind::Denied)),
            "throttled" => (0, failed(FailureKind::Throttled)),
            late => (late.parse::<i64>().unwrap(), ObservationBody::ReadUpTo(ReadUpTo { function: "f".into() })),
        };
        Observation { at: minute(minute_seen - late), seen: minute(minute_seen), source: "watch.x".into(), what }
    }

    fn runs(signs: &[LivenessRun]) -> Vec<String> {
        let run = |sign: &LivenessRun| {
            let said = sign.failure.as_ref().map_or("fine", |failure| failure.said.as_str());
            format!("{} {}-{} {said}", sign.kind.word(), sign.since.timestamp() / 60, sign.until.timestamp() / 60)
        };
        signs.iter().map(run).collect()
    }

    #[test]
    fn a_run_ends_with_a_long_gap_or_another_kind_of_answer() {
        for (story, told) in [
            (&[(0, "answered"), (10, "answered"), (25, "answered")][..], &["state 0-25 fine"][..]),
            (&[(0, "answered"), (16, "answered")], &["state 0-0 fine", "state 16-16 fine"]),
            (
                &[(0, "answered"), (1, "failed"), (2, "failed"), (3, "answered")],
                &["state 0-0 fine", "state 1-2 failed", "state 3-3 fine"],
            ),
            (&[(0, "failed"), (1, "throttled"), (2, "throttled")], &["state 0-0 failed", "state 1-2 throttled"]),
            (&[(20, "0"), (30, "1"), (31, "14")], &["read 20-29 fine"]),
        ] {
            let mut signs = LivenessLog::default();
            story.iter().for_each(|(at, what)| signs.saw(&seen(*at, what)));
            assert_eq!(runs(&signs.take_all()), told, "{story:?}");
            assert!(signs.take_all().is_empty());
        }
    }

    #[test]
    fn what_goes_on_is_written_every_five_minutes_and_what_begins_at_once() {
        let mut signs = LivenessLog::default();
        let mut written = Vec::new();
        for at in 0..12 {
            signs.saw(&seen(at, if at == 8 { "failed" } else { "answered" }));
            if signs.are_due(minute(at)) {
                written.push((at, runs(&signs.take(minute(at)))));
            }
        }
        let expected: &[(i64, &[&str])] = &[
            (0, &["state 0-0 fine"]),
            (5, &["state 0-5 fine"]),
            (8, &["state 0-7 fine", "state 8-8 failed"]),
            (9, &["state 9-9 fine"]),
            (10, &["state 9-10 fine"]),
        ];
        assert_eq!(
            written,
            expected
                .iter()
                .map(|(at, runs)| (*at, runs.iter().map(|run| (*run).to_owned()).collect()))
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_run_goes_on_after_a_short_stop_of_the_daemon() {
        let mut before = LivenessLog::default();
        before.turned(minute(0));
        for (start, told) in [(15, "state 0-15 fine"), (16, "state 16-16 fine")] {
            let mut after = LivenessLog::default();
            let known = LivenessRun {
                source: DAEMON.into(),
                kind: LivenessKind::State,
                function: String::new(),
                since: minute(0),
                until: minute(0),
                failure: None,
            };
            after.restore(vec![known]);
            after.turned(minute(start));
            assert_eq!(runs(&after.take_all()), [told]);
        }
    }
}
