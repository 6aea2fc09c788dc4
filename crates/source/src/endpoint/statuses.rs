//! The statuses that an answer may have: `200`, `"2xx"`, `"200-299"`, or a list of these.

use std::fmt;
use std::ops::RangeInclusive;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// How one has to be written.
const FORM: &str = "write 204, \"2xx\", \"200-204\", or a list of these";

/// The statuses that are expected, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExpectedStatuses {
    ranges: Vec<RangeInclusive<u16>>,
}

impl ExpectedStatuses {
    pub(super) fn contains(&self, status: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&status))
    }
}

impl fmt::Display for ExpectedStatuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |range: &RangeInclusive<u16>| match (range.start(), range.end()) {
            (start, end) if start == end => start.to_string(),
            (start, end) if start % 100 == 0 && start + 99 == *end => format!("{}xx", start / 100),
            (start, end) => format!("{start}-{end}"),
        };
        f.write_str(&self.ranges.iter().map(one).collect::<Vec<_>>().join(" or "))
    }
}

/// A status is of three digits (RFC 9110, 15).
fn status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| (100..=599).contains(status))
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    if let Some(class) = text.strip_suffix("xx") {
        let first = status(&format!("{class}00"))?;
        return Some(first..=first + 99);
    }
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    let (start, end) = (status(start.trim())?, status(end.trim())?);
    (start <= end).then_some(start..=end)
}

struct StatusVisitor;

impl<'de> Visitor<'de> for StatusVisitor {
    type Value = Vec<RangeInclusive<u16>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORM)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        range(text).map(|range| vec![range]).ok_or_else(|| E::custom(format!("`{text}` is no status; {FORM}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element::<ExpectedStatuses>()? {
            all.extend(item.ranges);
        }
        if all.is_empty() { Err(A::Error::custom(format!("the list is empty; {FORM}"))) } else { Ok(all) }
    }
}

impl<'de> Deserialize<'de> for ExpectedStatuses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self { ranges: from.deserialize_any(StatusVisitor)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_a_class_a_range_and_a_list_are_read_and_written_back() {
        for (text, shown, fits, fails) in [
            ("200", "200", 200, 201),
            ("\"204\"", "204", 204, 200),
            ("\"2xx\"", "2xx", 299, 300),
            ("\"200-204\"", "200-204", 202, 205),
            ("[200, \"3xx\"]", "200 or 3xx", 302, 201),
        ] {
            let read: ExpectedStatuses = serde_json::from_str(text).unwrap();
            assert_eq!(read.to_string(), shown);
            assert!(read.contains(fits) && !read.contains(fails), "{text}");
        }
        for text in ["99", "600", "\"6xx\"", "\"xx\"", "\"204-200\"", "[]", "\"ok\"", "true", "-1"] {
            let error = serde_json::from_str::<ExpectedStatuses>(text).unwrap_err().to_string();
            assert!(error.contains("write 204, \"2xx\""), "{text}: {error}");
        }
    }
}
