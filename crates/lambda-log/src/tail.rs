//! Buffers the invocations of a live log: each is held until all of its lines are expected to be there, then printed
//! once, in the order in which they ended.
//!
//! CloudWatch shows lines late and out of order, so the REPORT line of an invocation can come before its error, and its
//! error before its REPORT line. A printed line cannot be changed.

mod entry;

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

pub use self::entry::{TailCause, TailEntry, TailFigures, TailOutcome, TailSink};

/// An invocation with everything that belongs to it is held until it is so old, since a line that is a little late may
/// still change it. CloudWatch itself shows most lines no earlier.
const SETTLES: TimeDelta = TimeDelta::seconds(5);
/// One of which something is missing is held for so long after it was first read: its figures, or why it failed.
const WAITS: TimeDelta = TimeDelta::seconds(20);
/// For so long it is remembered what has been given out, in case more of it comes.
const REMEMBERED: TimeDelta = TimeDelta::minutes(20);
/// How many of one environment are remembered: the reader itself expects late lines of the last ones only.
const MOST_REMEMBERED: usize = 4;

/// Buffers invocations for a live log.
#[derive(Debug)]
pub struct TailBuffer {
    /// What ended before is not shown.
    since: DateTime<Utc>,
    /// What is held, with when it was first read; in the order it was read.
    held: Vec<(DateTime<Utc>, TailEntry)>,
    /// What was given out last of each function's streams.
    given: BTreeMap<(String, String), EmittedIds>,
    /// What has been learnt of those that were given out before.
    news: Vec<TailEntry>,
}

/// What was given out last of one stream.
#[derive(Debug, Default)]
struct EmittedIds {
    last: DateTime<Utc>,
    /// Request ids, the latest at the end.
    ids: VecDeque<String>,
}

impl TailBuffer {
    /// Holds nothing, and shows what ended at `since` or later.
    pub fn new(since: DateTime<Utc>) -> Self {
        Self { since, held: Vec::new(), given: BTreeMap::new(), news: Vec::new() }
    }

    /// Adds what was read at `now`.
    pub fn take(&mut self, found: TailSink, now: DateTime<Utc>) {
        for ended in found.0 {
            self.take_one(ended, now);
        }
    }

    fn take_one(&mut self, mut ended: TailEntry, now: DateTime<Utc>) {
        if ended.is_first {
            // What its start-up was told of is told with it.
            if ended.why.is_none() && (ended.cold || ended.end.is_bad()) {
                let is_its = |(_, held): &(DateTime<Utc>, TailEntry)| {
                    held.end == TailOutcome::StartUp && held.stream == ended.stream && held.function == ended.function
                };
                if let Some(place) = self.held.iter().rposition(is_its) {
                    ended.why = self.held.remove(place).1.why;
                }
            }
            return self.held.push((now, ended));
        }
        if ended.request_id.is_none() {
            // Outside of an invocation only what went wrong is a line.
            if ended.why.is_some() {
                ended.end = TailOutcome::StartUp;
                self.held.push((now, ended));
            }
            return;
        }
        if let Some((_, held)) = self.held.iter_mut().rfind(|(_, held)| held.is_of(&ended)) {
            return held.learn(ended);
        }
        // More figures alone are no news.
        if ended.why.is_some() || ended.end == TailOutcome::Error {
            let key = (ended.function.clone(), ended.stream.clone());
            let is_known = self
                .given
                .get(&key)
                .is_some_and(|given| given.ids.iter().any(|id| ended.request_id.as_ref() == Some(id)));
            if is_known {
                self.news.push(ended);
            } else {
                self.held.push((now, ended));
            }
        }
    }

    fn ripe_at(read: DateTime<Utc>, ended: &TailEntry) -> DateTime<Utc> {
        if ended.is_whole() { read.min(ended.at) + SETTLES } else { read + WAITS }
    }

    /// When the next entry is due.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.held.iter().map(|(read, ended)| Self::ripe_at(*read, ended)).min()
    }

    /// Takes the entries that are due, in the order of their ends.
    pub fn ripe(&mut self, now: DateTime<Utc>) -> Vec<TailEntry> {
        let ripe = self
            .held
            .extract_if(.., |(read, ended)| Self::ripe_at(*read, ended) <= now)
            .map(|(_, ended)| ended)
            .collect();
        self.give(ripe, now)
    }

    /// Takes all remaining entries.
    pub fn end(&mut self, now: DateTime<Utc>) -> Vec<TailEntry> {
        let left = self.held.drain(..).map(|(_, ended)| ended).collect();
        self.give(left, now)
    }

    fn give(&mut self, mut ended: Vec<TailEntry>, now: DateTime<Utc>) -> Vec<TailEntry> {
        ended.sort_by_key(|ended| ended.at);
        for ended in &ended {
            let given = self.given.entry((ended.function.clone(), ended.stream.clone())).or_default();
            given.last = now;
            given.ids.extend(ended.request_id.clone());
            given.ids.drain(..given.ids.len().saturating_sub(MOST_REMEMBERED));
        }
        self.given.retain(|_, given| now - given.last < REMEMBERED);
        ended.retain(|ended| ended.at >= self.since);
        ended
    }

    /// Takes corrections of entries that were already printed.
    pub fn news(&mut self) -> Vec<TailEntry> {
        let since = self.since;
        std::mem::take(&mut self.news).into_iter().filter(|ended| ended.at >= since).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::LogReader;

    const A: &str = "11111111-1111-4111-8111-111111111111";
    const B: &str = "22222222-2222-4222-8222-222222222222";
    const NODE_ERROR: &str = "2026-03-01T12:00:00.500Z\t11111111-1111-4111-8111-111111111111\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"Cannot read properties of undefined\"}";

    fn at(seconds: i64) -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
    }

    fn report(id: &str) -> String {
        format!(
            "REPORT RequestId: {id}\tDuration: 12.00 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"
        )
    }

    /// Lines with the second they are read at and the second they were written at; then every line that was given out,
    /// with the second it was.
    struct Log {
        reader: LogReader,
        tail: TailBuffer,
        given: Vec<(i64, String)>,
    }

    impl Log {
        fn new() -> Self {
            Self { reader: LogReader::new("f"), tail: TailBuffer::new(at(0)), given: Vec::new() }
        }

        fn read(&mut self, now: i64, stream: &str, lines: &[(i64, &str)]) {
            let mut found = TailSink::default();
            for (second, line) in lines {
                self.reader.read(stream, at(*second), line, &mut found);
            }
            self.reader.settle(&mut found);
            self.tail.take(found, at(now));
            self.until(now);
        }

        fn until(&mut self, now: i64) {
            let given = self.tail.ripe(at(now)).into_iter().map(|ended| {
                let cause = ended.why.map_or("-", |why| why.cause.code());
                let id = ended.request_id.map_or('-', |id| if id == A { 'a' } else { 'b' });
                let figures = if ended.figures.is_some() { "with figures" } else { "without" };
                (now, format!("{id} {} {cause} {figures}", ended.end.word()))
            });
            self.given.extend(given);
        }
    }

    fn check(steps: &[(i64, &[(i64, &str)])], given: &[(i64, &str)]) {
        let mut log = Log::new();
        for (now, lines) in steps {
            log.read(*now, "s", lines);
        }
        (60..120).for_each(|now| log.until(now));
        let expected: Vec<(i64, String)> = given.iter().map(|(now, line)| (*now, (*line).to_owned())).collect();
        assert_eq!(log.given, expected, "{steps:?}");
        assert!(log.tail.next().is_none() && log.tail.news().is_empty());
    }

    #[test]
    fn a_line_waits_a_little_for_what_may_still_change_it_and_longer_for_what_must_come() {
        let start = format!("START RequestId: {A} Version: $LATEST");
        let figures = report(A);
        // It still runs.
        check(&[(10, &[(1, &start)])], &[]);
        // All there, and old enough.
        check(&[(10, &[(1, &start), (2, &figures)])], &[(10, "a success - with figures")]);
        // Its error comes after its figures, while they are held.
        check(
            &[(2, &[(1, &start), (2, &figures)]), (4, &[(2, NODE_ERROR)]), (9, &[])],
            &[(9, "a error app_exception with figures")],
        );
        // Its figures come after its error, however late they are by its own time.
        check(
            &[(10, &[(1, &start), (2, NODE_ERROR)]), (20, &[]), (25, &[(2, &figures)])],
            &[(25, "a error app_exception with figures")],
        );
        // They never come.
        check(&[(10, &[(1, &start), (2, NODE_ERROR)]), (29, &[]), (30, &[])], &[(30, "a error app_exception without")]);
        // Why it failed comes later than anything, and belongs to it all the same.
        let failed = format!("{figures}\tStatus: error");
        check(
            &[(10, &[(1, &start), (2, &failed)]), (15, &[]), (20, &[(2, NODE_ERROR)])],
            &[(20, "a error app_exception with figures")],
        );
    }

    #[test]
    fn a_failed_start_up_is_told_with_the_invocation_it_takes_with_it_or_alone() {
        let init = "INIT_REPORT Init Duration: 9999.51 ms\tPhase: init\tStatus: timeout";
        let failed = format!("{}\tStatus: timeout", report(A));
        check(&[(10, &[(1, init)]), (15, &[(14, &failed)]), (19, &[])], &[(19, "a timeout init_timeout with figures")]);
        check(&[(10, &[(1, init)]), (29, &[]), (30, &[])], &[(30, "- start_up init_timeout without")]);
    }

    #[test]
    fn what_is_learnt_of_a_line_that_was_given_out_is_news_and_no_second_line() {
        let mut log = Log::new();
        log.read(10, "s", &[(1, &format!("START RequestId: {A} Version: $LATEST")), (2, &report(A))]);
        assert_eq!(log.given.len(), 1);
        log.read(12, "s", &[(2, NODE_ERROR)]);
        (13..60).for_each(|now| log.until(now));
        assert_eq!(log.given.len(), 1, "{:?}", log.given);
        let news = log.tail.news();
        assert_eq!(
            news.iter().map(|ended| ended.why.as_ref().map(|why| why.cause.code())).collect::<Vec<_>>(),
            [Some("app_exception")]
        );
    }

    #[test]
    fn lines_come_in_the_order_of_the_ends_and_what_ended_before_is_left_out() {
        let mut log = Log::new();
        let mut found = TailSink::default();
        for (second, stream, id) in [(3, "one", A), (2, "two", B), (-1, "three", A)] {
            log.reader.read(stream, at(second), &report(id), &mut found);
        }
        log.reader.settle(&mut found);
        log.tail.take(found, at(10));
        log.until(10);
        assert_eq!(log.given.iter().map(|(_, line)| line.chars().next().unwrap()).collect::<String>(), "ba");
        // The same id again is a retry, and a line of its own.
        for now in [20, 30] {
            log.read(
                now,
                "one",
                &[(now - 10, &format!("START RequestId: {A} Version: $LATEST")), (now - 9, &report(A))],
            );
        }
        assert_eq!(log.given.len(), 4, "{:?}", log.given);
    }

    #[test]
    fn what_is_remembered_does_not_grow_with_the_log() {
        let mut log = Log::new();
        for n in 0..3000 {
            log.read(n * 10 + 9, &format!("stream {n}"), &[(n * 10, &report(A))]);
        }
        assert_eq!(log.given.len(), 3000);
        assert!(log.tail.given.len() <= 121, "{}", log.tail.given.len());
    }
}
