//! The policies that can be simulated, and how each is written.

use std::fmt;
use std::str::FromStr;

use crate::regime::{HOUR, MINUTE, SECOND};

/// Who decides when a function is pinged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// No pings.
    Nothing,
    /// This many pings at once, at a fixed interval.
    Fixed {
        /// Pings that overlap.
        count: u32,
        /// From one round to the next.
        every_ms: i64,
    },
    /// One ping at a fixed interval, left out when the function was called within it.
    Skip {
        /// From one ping to the next.
        every_ms: i64,
    },
    /// The histogram of pauses of Shahrad et al., "Serverless in the Wild" (ATC'20), with pings instead of a keep-alive
    /// time.
    Histogram,
    /// One ping at a fixed interval, two at every n-th; before an environment is old, one more, so that traffic moves
    /// to a young one.
    HandOver {
        /// From one round to the next.
        every_ms: i64,
        /// The age at which an environment is replaced.
        age_ms: i64,
        /// Every how many rounds there are two pings; 0 is never.
        pair_every: u32,
    },
    /// Provisioned concurrency: environments that never end.
    Provisioned {
        /// How many.
        environments: u32,
    },
    /// One that knows each cold start before it happens, and pings just before: no policy has fewer pings.
    Clairvoyant,
    /// One that learns from what it sees, and plans.
    Auto,
}

/// How policies are written.
pub const POLICIES: &str = "none, fixed:5m, fixed:2x5m, skip:10m, histogram, handover:10m@60m, handover:10m@60m/2, \
                            provisioned:2, clairvoyant, auto";

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("none"),
            Self::Fixed { count: 1, every_ms } => write!(f, "fixed:{}", length(*every_ms)),
            Self::Fixed { count, every_ms } => write!(f, "fixed:{count}x{}", length(*every_ms)),
            Self::Skip { every_ms } => write!(f, "skip:{}", length(*every_ms)),
            Self::Histogram => f.write_str("histogram"),
            Self::HandOver { every_ms, age_ms, pair_every } => {
                write!(f, "handover:{}@{}", length(*every_ms), length(*age_ms))?;
                if *pair_every > 0 { write!(f, "/{pair_every}") } else { Ok(()) }
            }
            Self::Provisioned { environments } => write!(f, "provisioned:{environments}"),
            Self::Clairvoyant => f.write_str("clairvoyant"),
            Self::Auto => f.write_str("auto"),
        }
    }
}

fn length(ms: i64) -> String {
    if ms % MINUTE == 0 { format!("{}m", ms / MINUTE) } else { format!("{}s", ms / SECOND) }
}

/// A text that is no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyMistake(String);

impl fmt::Display for PolicyMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; policies are {POLICIES}", self.0)
    }
}

impl std::error::Error for PolicyMistake {}

fn mistake(why: impl Into<String>) -> PolicyMistake {
    PolicyMistake(why.into())
}

/// The most pings at once: more than that is no warm-up.
const MOST: u32 = 100;

fn span(text: &str) -> Result<i64, PolicyMistake> {
    let unit = match text.chars().last() {
        Some('s') => SECOND,
        Some('m') => MINUTE,
        Some('h') => HOUR,
        _ => return Err(mistake(format!("`{text}` is no length of time such as 90s, 5m or 1h"))),
    };
    let digits = text.get(..text.len() - 1).unwrap_or_default();
    let count = digits.parse::<u32>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    match count.map(|count| i64::from(count) * unit) {
        Some(length @ SECOND..) if length <= 24 * HOUR => Ok(length),
        _ => Err(mistake(format!("`{text}` is no length of time from 1s to 24h"))),
    }
}

fn number(text: &str, what: &str, least: u32) -> Result<u32, PolicyMistake> {
    let number = text.parse::<u32>().ok().filter(|number| (least..=MOST).contains(number));
    number.ok_or_else(|| mistake(format!("`{text}` is no number of {what} from {least} to {MOST}")))
}

impl FromStr for Policy {
    type Err = PolicyMistake;

    fn from_str(text: &str) -> Result<Self, PolicyMistake> {
        let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        match (name, rest) {
            ("none", None) => Ok(Self::Nothing),
            ("histogram", None) => Ok(Self::Histogram),
            ("clairvoyant", None) => Ok(Self::Clairvoyant),
            ("auto", None) => Ok(Self::Auto),
            ("fixed", Some(rest)) => {
                let (count, every) = rest.split_once('x').unwrap_or(("1", rest));
                Ok(Self::Fixed { count: number(count, "pings", 1)?, every_ms: span(every)? })
            }
            ("skip", Some(rest)) => Ok(Self::Skip { every_ms: span(rest)? }),
            ("handover", Some(rest)) => {
                let (rest, pair) = rest.split_once('/').unwrap_or((rest, "0"));
                let (every, age) = rest
                    .split_once('@')
                    .ok_or_else(|| mistake(format!("`{text}` does not say at which age: write {name}:10m@60m")))?;
                Ok(Self::HandOver {
                    every_ms: span(every)?,
                    age_ms: span(age)?,
                    pair_every: number(pair, "rounds", 0)?,
                })
            }
            ("provisioned", Some(rest)) => Ok(Self::Provisioned { environments: number(rest, "environments", 1)? }),
            ("none" | "histogram" | "clairvoyant" | "auto", Some(_)) => {
                Err(mistake(format!("`{name}` has no settings")))
            }
            ("fixed" | "skip" | "handover" | "provisioned", None) => {
                Err(mistake(format!("`{name}` needs settings after a colon")))
            }
            _ => Err(mistake(format!("there is no policy `{name}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_it_is_written() {
        for (text, policy) in [
            ("none", Policy::Nothing),
            ("fixed:5m", Policy::Fixed { count: 1, every_ms: 5 * MINUTE }),
            ("fixed:2x90s", Policy::Fixed { count: 2, every_ms: 90 * SECOND }),
            ("skip:10m", Policy::Skip { every_ms: 10 * MINUTE }),
            ("handover:10m@60m", Policy::HandOver { every_ms: 10 * MINUTE, age_ms: HOUR, pair_every: 0 }),
            ("handover:10m@1h/2", Policy::HandOver { every_ms: 10 * MINUTE, age_ms: HOUR, pair_every: 2 }),
            ("provisioned:3", Policy::Provisioned { environments: 3 }),
            ("auto", Policy::Auto),
        ] {
            assert_eq!(text.parse(), Ok(policy), "{text}");
            assert_eq!(policy.to_string().parse(), Ok(policy), "{policy}");
        }
    }

    #[test]
    fn a_policy_that_is_none_is_named() {
        for (text, why) in [
            ("warm", "there is no policy `warm`"),
            ("", "there is no policy ``"),
            ("fixed", "`fixed` needs settings after a colon"),
            ("fixed:0m", "`0m` is no length of time from 1s to 24h"),
            ("fixed:-5m", "`-5m` is no length of time from 1s to 24h"),
            ("fixed:5", "`5` is no length of time such as 90s, 5m or 1h"),
            ("fixed:0x5m", "`0` is no number of pings from 1 to 100"),
            ("fixed:5µ", "`5µ` is no length of time such as 90s, 5m or 1h"),
            ("handover:5m", "`handover:5m` does not say at which age: write handover:10m@60m"),
            ("provisioned:", "`` is no number of environments from 1 to 100"),
            ("auto:1", "`auto` has no settings"),
        ] {
            let said = text.parse::<Policy>().unwrap_err().to_string();
            assert_eq!(said, format!("{why}; policies are {POLICIES}"), "{text}");
        }
    }
}
