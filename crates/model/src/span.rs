//! Lengths of time: `"90s"`, `"6h"`, `"2d"`.

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A positive length of time in whole seconds, at most ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// A length of `n` seconds.
    pub const fn seconds(n: u32) -> Self {
        Self(n as i64)
    }

    /// A length of `n` minutes.
    pub const fn minutes(n: u16) -> Self {
        Self::seconds(n as u32 * 60)
    }

    /// A length of `n` hours.
    pub const fn hours(n: u16) -> Self {
        Self::seconds(n as u32 * 3600)
    }

    /// A length of `n` days of 24 hours.
    pub const fn days(n: u16) -> Self {
        Self::seconds(n as u32 * 86_400)
    }

    /// For arithmetic on points in time.
    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(self.0)
    }

    /// Whole seconds.
    pub fn as_seconds(self) -> i64 {
        self.0
    }
}

/// A positive length of time in whole milliseconds, at most a day: `"800ms"`, `"5s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Latency(u32);

impl Latency {
    /// In milliseconds.
    pub fn milliseconds(self) -> f64 {
        f64::from(self.0)
    }

    /// Formats milliseconds: `11.8 ms`, `5.25 s`.
    pub fn shown(milliseconds: f64) -> String {
        let (number, unit) = if milliseconds < 1000.0 { (milliseconds, "ms") } else { (milliseconds / 1000.0, "s") };
        let number = format!("{number:.2}");
        format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::shown(self.milliseconds()))
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a length of time such as \"800ms\" or \"5s\"";
        let text = String::deserialize(from)?;
        let length = humantime::parse_duration(&text)
            .map_err(|_| de::Error::invalid_value(de::Unexpected::Str(&text), &EXPECTED))?;
        let milliseconds = u32::try_from(length.as_millis()).ok().filter(|milliseconds| *milliseconds <= 86_400_000);
        match milliseconds {
            Some(milliseconds) if length.subsec_nanos() % 1_000_000 == 0 && milliseconds > 0 => Ok(Self(milliseconds)),
            Some(_) => Err(de::Error::custom(format!("`{text}` is not a positive whole number of milliseconds"))),
            None => Err(de::Error::custom(format!("`{text}` is longer than a day"))),
        }
    }
}

/// Formats a length of time in its two largest units that are not zero: `2 d 3 h`, `30 s`, `650 ms`.
pub fn spoken(delta: TimeDelta) -> String {
    if delta < TimeDelta::zero() {
        return format!("-{}", spoken(-delta));
    }
    if delta < TimeDelta::seconds(1) {
        return format!("{} ms", delta.num_milliseconds());
    }
    let seconds = delta.num_seconds();
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let first = parts.iter().position(|(n, _)| *n > 0).unwrap_or(3);
    let shown: Vec<String> =
        parts.iter().skip(first).take(2).filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    shown.join(" ")
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spoken(self.delta()))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{}s", self.as_seconds()))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a length of time such as \"90s\", \"6h\" or \"2d\"";
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                let length = humantime::parse_duration(text)
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &EXPECTED))?;
                let delta = TimeDelta::from_std(length).ok().filter(|delta| *delta <= TimeDelta::days(3660));
                match delta {
                    Some(delta) if length.subsec_nanos() == 0 && delta > TimeDelta::zero() => {
                        Ok(Span(delta.num_seconds()))
                    }
                    Some(_) => Err(E::custom(format!("`{text}` is not a positive whole number of seconds"))),
                    None => Err(E::custom(format!("`{text}` is longer than ten years"))),
                }
            }
        }
        from.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("6h", Some(21_600)),
            ("2d", Some(172_800)),
            ("1h 30m", Some(5400)),
            ("0s", None),
            ("-5s", None),
            ("500ms", None),
            ("6", None),
            ("", None),
            ("99999999999y", None),
            ("20y", None),
        ] {
            let read: Option<Span> = serde_json::from_value(serde_json::json!(text)).ok();
            assert_eq!(read.map(Span::as_seconds), seconds, "{text}");
        }
    }

    #[test]
    fn limits_are_read_to_the_millisecond_and_said_as_they_were_typed() {
        for (text, said) in [
            ("5s", "5 s"),
            ("800ms", "800 ms"),
            ("1s 250ms", "1.25 s"),
            ("2m", "120 s"),
            ("0ms", ""),
            ("10us", ""),
            ("5", ""),
            ("2d", ""),
        ] {
            let read: Option<Latency> = serde_json::from_value(serde_json::json!(text)).ok();
            assert_eq!(read.map(|limit| limit.to_string()).unwrap_or_default(), said, "{text}");
        }
        for (milliseconds, said) in [
            (0.0, "0 ms"),
            (11.81, "11.81 ms"),
            (999.999, "1000 ms"),
            (1000.0, "1 s"),
            (30_034.05, "30.03 s"),
            (100.0, "100 ms"),
        ] {
            assert_eq!(Latency::shown(milliseconds), said);
        }
    }

    #[test]
    fn lengths_are_said_in_two_units() {
        for (milliseconds, said) in [
            (0, "0 ms"),
            (650, "650 ms"),
            (30_000, "30 s"),
            (90_000, "1 min 30 s"),
            (7_200_000, "2 h"),
            (183_845_000, "2 d 3 h"),
            (-1000, "-1 s"),
        ] {
            assert_eq!(spoken(TimeDelta::milliseconds(milliseconds)), said);
        }
    }
}
