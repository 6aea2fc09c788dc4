//! What happens in the log groups: every event with the time it was written and the time CloudWatch shows it.

use std::collections::BTreeMap;

/// A day begins here: 2026-03-01T00:00:00Z in milliseconds.
pub(crate) const START_MS: i64 = 1_772_323_200_000;
/// An event is shown at most this much later than it was written.
const LATEST_MS: i64 = 20_000;
/// So long an environment lives.
const STREAM_MS: i64 = 7_200_000;

/// What an event says. Either kind is counted by the reader, each time it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An invocation of its own, with its billed milliseconds.
    Report(u64),
    /// A line that cannot be read; all of them have the same text.
    Broken,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) at_ms: i64,
    /// Unlike any other event's of its group; of equal times the lower one is older.
    pub(crate) id: u64,
    pub(crate) shown_ms: i64,
    pub(crate) stream: u32,
    pub(crate) kind: Kind,
}

impl Event {
    pub(crate) fn message(&self) -> String {
        match self.kind {
            Kind::Report(billed) => format!(
                "REPORT RequestId: e11db634-ef8a-4258-9d46-{:012x}\tDuration: {billed}.00 ms\tBilled Duration: {billed} ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n",
                self.id
            ),
            Kind::Broken => r#"{"type":"platform.report","record":{"requestId":7,"metrics":[]}}"#.to_owned(),
        }
    }
}

/// Invocations, billed milliseconds and unreadable lines of one function in one minute.
pub(crate) type Counts = BTreeMap<(String, i64), (u64, u64, u64)>;

pub(crate) struct Tape {
    pub(crate) end_ms: i64,
    /// By function, in order of time.
    pub(crate) groups: BTreeMap<String, Vec<Event>>,
}

impl Tape {
    /// So many busy functions (an event a second each and more) and quiet ones (some an hour).
    pub(crate) fn record(hours: i64, busy: usize, quiet: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let end_ms = START_MS + hours * 3_600_000;
        let names = (0..busy)
            .map(|n| (format!("busy-{n:02}"), 2500))
            .chain((0..quiet).map(|n| (format!("quiet-{n:02}"), 900_000 + 90_000 * n as i64)));
        let groups = names.map(|(name, gap)| (name, group(end_ms, gap, &mut random))).collect();
        Self { end_ms, groups }
    }

    pub(crate) fn events(&self) -> usize {
        self.groups.values().map(Vec::len).sum()
    }

    /// What a reader that loses nothing and repeats nothing counts.
    pub(crate) fn truth(&self) -> Counts {
        let mut counts = Counts::new();
        for (function, events) in &self.groups {
            for event in events {
                let counted = counts.entry((function.clone(), event.at_ms.div_euclid(60_000))).or_default();
                match event.kind {
                    Kind::Report(billed) => *counted = (counted.0 + 1, counted.1 + billed, counted.2),
                    Kind::Broken => counted.2 += 1,
                }
            }
        }
        counts
    }
}

/// A group with three environments at a time, each of which writes on average once in `gap_ms`, several lines at once.
fn group(end_ms: i64, gap_ms: i64, random: &mut fastrand::Rng) -> Vec<Event> {
    let mut events = Vec::new();
    for environment in 0..3 {
        // Lines leave an environment in order: none is shown before the one before it.
        let (mut at, mut shown) = (START_MS, 0);
        loop {
            at += random.i64(1..gap_ms * 2);
            if at >= end_ms {
                break;
            }
            let stream = environment + 3 * u32::try_from((at - START_MS) / STREAM_MS).expect("a small number");
            let mut delay = random.i64(0..LATEST_MS);
            let lines = if random.u8(0..4) == 0 { random.usize(2..12) } else { 1 };
            for _ in 0..lines {
                if random.u8(0..5) == 0 {
                    at += random.i64(1..50);
                }
                // What is sent later is later, also within one millisecond.
                if random.u8(0..5) == 0 {
                    delay = random.i64(0..LATEST_MS);
                }
                let straggles = random.u16(0..500) == 0;
                if !straggles {
                    shown = shown.max(at + delay);
                }
                let shown_ms = if straggles { at + LATEST_MS } else { shown };
                let kind = if random.bool() { Kind::Report(random.u64(1..1000)) } else { Kind::Broken };
                events.push(Event { at_ms: at, id: 0, shown_ms, stream, kind });
            }
        }
    }
    events.retain(|event| event.at_ms < end_ms);
    events.sort_by_key(|event| event.at_ms);
    events.iter_mut().zip(1..).for_each(|(event, id)| event.id = id);
    events
}
