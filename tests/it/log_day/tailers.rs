//! How others follow a log, on the same tape and with none of the service's faults: what they lose and what they
//! repeat.

use super::tape::{Event, START_MS, Tape};

/// How a tailer goes on after what it has seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tailer {
    /// From the newest time it has seen, plus one millisecond.
    HighWaterMark,
    /// From the newest time it has seen.
    FromLastTime,
}

/// Events that were never read, and readings of an event beyond the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
}

impl Tailer {
    /// Follows every group from the beginning, polled every `every_ms`.
    pub(crate) fn follow(self, tape: &Tape, every_ms: i64) -> Missed {
        let mut missed = Missed::default();
        for events in tape.groups.values() {
            let mut read = vec![0_u64; events.len()];
            let mut last = START_MS;
            for now in (START_MS..tape.end_ms + 120_000).step_by(usize::try_from(every_ms).expect("a positive number"))
            {
                let from = if self == Self::HighWaterMark { last + 1 } else { last };
                let first = events.partition_point(|event| event.at_ms < from);
                for (event, read) in
                    events.iter().zip(&mut read).skip(first).take_while(|(event, _)| event.at_ms <= now)
                {
                    last = Self::see(event, read, now, last);
                }
            }
            missed.lost += read.iter().filter(|times| **times == 0).count() as u64;
            missed.repeated += read.iter().map(|times| times.saturating_sub(1)).sum::<u64>();
        }
        missed
    }

    fn see(event: &Event, read: &mut u64, now: i64, last: i64) -> i64 {
        if event.shown_ms > now {
            return last;
        }
        *read += 1;
        last.max(event.at_ms)
    }
}
