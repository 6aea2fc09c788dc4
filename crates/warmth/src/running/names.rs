//! Which environment answered: log streams and answers name environments, and a ping whose answer names none is taken to
//! have been answered by the most recently used one until the log shows it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::seen::{AnsweredPing, LoggedInvocation};
use crate::belief::KnownEnvironment;

/// Pings that may still come up in the log.
const MOST_SENT: usize = 200;
/// Environments whose names are kept. A function has fewer that live.
const MOST_NAMES: u32 = 2_000;

/// A ping that the log has not shown yet.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct SentPing {
    request: u64,
    start_ms: i64,
    number: u32,
}

/// The numbers of a function's environments.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct EnvironmentNames {
    /// By the hash of the log stream.
    numbers: BTreeMap<u64, u32>,
    next: u32,
    sent: VecDeque<SentPing>,
}

impl EnvironmentNames {
    /// The environment that answered a ping.
    pub(super) fn of_ping(&mut self, ping: &AnsweredPing, is_new: bool, known: &[KnownEnvironment]) -> u32 {
        // Those that answered another ping of the same round are still busy.
        let free = known.iter().find(|one| one.free_ms <= ping.start_ms).map(|one| one.number);
        let number = match (ping.environment, free) {
            (Some(name), _) => self.of_name(name),
            (None, Some(number)) if !is_new => number,
            _ => self.new_number(),
        };
        if let Some(request) = ping.request {
            self.sent.push_back(SentPing { request, start_ms: ping.start_ms, number });
            while self.sent.len() > MOST_SENT {
                self.sent.pop_front();
            }
        }
        number
    }

    /// The environment that the log names; and, if this was one of our pings, when it was sent and which environment
    /// it was taken for.
    pub(super) fn of_log(&mut self, one: &LoggedInvocation) -> (u32, Option<(i64, u32)>) {
        let place = one.request.and_then(|request| self.sent.iter().position(|sent| sent.request == request));
        let Some(sent) = place.and_then(|place| self.sent.remove(place)) else {
            return (self.of_name(one.environment), None);
        };
        let is_named = self.numbers.contains_key(&one.environment) || self.numbers.values().any(|n| *n == sent.number);
        if !is_named {
            self.numbers.insert(one.environment, sent.number);
        }
        (self.of_name(one.environment), Some((sent.start_ms, sent.number)))
    }

    fn of_name(&mut self, name: u64) -> u32 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = self.new_number();
        self.numbers.insert(name, number);
        if let Some(oldest) = number.checked_sub(MOST_NAMES) {
            self.numbers.retain(|_, number| *number > oldest);
        }
        number
    }

    fn new_number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::running::PingEnd;

    fn ping(start_ms: i64, environment: Option<u64>, request: u64) -> AnsweredPing {
        AnsweredPing { start_ms, end_ms: start_ms + 10, environment, request: Some(request), end: PingEnd::Warm }
    }

    fn logged(start_ms: i64, environment: u64, request: u64) -> LoggedInvocation {
        LoggedInvocation {
            start_ms,
            end_ms: start_ms + 10,
            environment,
            request: Some(request),
            cold: false,
            is_ping: false,
            succeeded: true,
        }
    }

    fn free(number: u32, free_ms: i64) -> KnownEnvironment {
        KnownEnvironment { number, born_ms: 0, free_ms, passed_over: false }
    }

    #[test]
    fn a_ping_that_names_no_environment_is_taken_for_the_most_recently_used_one_until_the_log_shows_it() {
        let mut names = EnvironmentNames::default();
        let (first, _) = names.of_log(&logged(0, 70, 1));
        let (second, _) = names.of_log(&logged(5, 71, 2));
        let known = [free(second, 15), free(first, 10)];
        assert_eq!(names.of_ping(&ping(100, None, 3), false, &known), second);
        // It was the other one.
        assert_eq!(names.of_log(&logged(101, 70, 3)), (first, Some((100, second))));
        // It is in the log once.
        assert_eq!(names.of_log(&logged(101, 70, 3)), (first, None));
    }

    #[test]
    fn a_new_environment_gets_its_name_from_the_log() {
        let mut names = EnvironmentNames::default();
        let number = names.of_ping(&ping(100, None, 3), true, &[]);
        assert_eq!(names.of_log(&logged(101, 77, 3)), (number, Some((100, number))));
        assert_eq!(names.of_ping(&ping(200, Some(77), 4), false, &[]), number);
        assert_ne!(names.of_ping(&ping(200, Some(78), 5), false, &[]), number);
    }

    #[test]
    fn two_pings_of_one_round_are_never_taken_for_the_same_environment() {
        let mut names = EnvironmentNames::default();
        let known = [free(0, 110), free(9, 50)];
        assert_eq!(names.of_ping(&ping(100, None, 3), false, &known), 9);
    }
}
