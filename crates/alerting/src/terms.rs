//! The policy of a receiver: group wait, quiet hours and fallback.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use model::schedule::local_time_after;
use model::settings::{ReferenceKind, TableReader};
use model::span::Span;

use super::rules::Severity;

/// The keys beside `via.` under `[receiver.<name>]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverPolicy {
    /// The zone its messages show and its quiet hours are read in.
    pub zone: Tz,
    /// News wait this long for others that belong into the same message.
    pub group_wait: TimeDelta,
    /// The quiet hours.
    pub quiet: Option<QuietHours>,
    /// The receiver that gets its messages while it refuses everything.
    pub fallback: Option<String>,
}

/// Hours of the day in which a receiver gets no messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    /// The first minute of it, on the receiver's wall clock.
    pub from: NaiveTime,
    /// The first minute after it; before `from` if it spans midnight.
    pub to: NaiveTime,
    /// The lowest severity that is still sent; `None` for none.
    pub except: Option<Severity>,
}

/// News of one poll arrive within moments of each other; those of a storm over many functions every second or so.
const GROUP_WAIT: Span = Span::seconds(5);
/// The longest that can be asked for: an alert that waits for company for longer than this is late.
const LONGEST_GROUP_WAIT: TimeDelta = TimeDelta::minutes(10);
/// A storm that does not end is told of after so many times `group_wait`.
const LONGEST_STORM: i32 = 24;

impl ReceiverPolicy {
    /// The usual terms, in a zone.
    pub fn usual(zone: Tz) -> Self {
        Self { zone, group_wait: GROUP_WAIT.delta(), quiet: None, fallback: None }
    }

    /// Reads the keys of a receiver's table besides `via.`; `zone` is the file's own.
    pub fn read(settings: &mut TableReader<'_, '_>, zone: Tz) -> Option<Self> {
        let zone = if settings.has("timezone") { settings.zone("timezone") } else { Some(zone) };
        let group_wait = if settings.text("group_wait") == Some("0s") {
            settings.optional::<String>("group_wait").map(|_| TimeDelta::zero())
        } else {
            settings.or("group_wait", GROUP_WAIT).map(Span::delta)
        };
        if group_wait.is_some_and(|wait| wait > LONGEST_GROUP_WAIT) {
            settings.problem("group_wait", "`group_wait` is too long", "at most \"10m\"", None);
        }
        let quiet = if settings.has("quiet") { settings.table("quiet", quiet).map(Some) } else { Some(None) };
        let fallback = settings.has("fallback").then(|| settings.mention("fallback", ReferenceKind::Receiver));
        let fallback = match fallback {
            None => None,
            Some(named) => Some(named?),
        };
        Some(Self { zone: zone?, group_wait: group_wait?, quiet: quiet?, fallback })
    }

    /// When news that came between `first` and `last` have waited long enough for others.
    pub fn collected(&self, first: DateTime<Utc>, last: DateTime<Utc>) -> DateTime<Utc> {
        (last + self.group_wait).min(first + self.group_wait * LONGEST_STORM)
    }

    /// Until when news of this severity have to wait for the end of the quiet hours; `None` if they need not.
    pub fn quiet_until(&self, severity: Severity, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let quiet = self.quiet.as_ref().filter(|quiet| quiet.except.is_none_or(|except| severity < except))?;
        let time = now.with_timezone(&self.zone).time();
        let inside = if quiet.from < quiet.to {
            quiet.from <= time && time < quiet.to
        } else {
            quiet.from <= time || time < quiet.to
        };
        inside.then(|| local_time_after(quiet.to, self.zone, now))
    }
}

fn quiet(settings: &mut TableReader<'_, '_>) -> Option<QuietHours> {
    let from = time_of_day(settings, "from");
    let to = time_of_day(settings, "to");
    let except = match settings.text("except") {
        Some("none") => settings.optional::<String>("except").map(|_| None),
        _ if settings.has("except") => settings.word("except", Severity::ALL).map(Some),
        _ => Some(Some(Severity::Critical)),
    };
    let (from, to) = (from?, to?);
    if from == to {
        settings.problem(
            "to",
            "quiet hours must not begin and end at the same time",
            "`from` and `to` are equal",
            Some("to hold back all messages, run `monitor silence`".to_owned()),
        );
        return None;
    }
    Some(QuietHours { from, to, except: except? })
}

fn time_of_day(settings: &mut TableReader<'_, '_>, key: &'static str) -> Option<NaiveTime> {
    let typed: String = settings.required(key)?;
    let time = NaiveTime::parse_from_str(&typed, "%H:%M").ok().filter(|_| typed.len() == 5);
    if time.is_none() {
        settings.problem(
            key,
            format!("`{typed}` is not a time of day"),
            "expected hours and minutes",
            Some("write it like \"22:00\"".to_owned()),
        );
    }
    time
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(zone: Tz, from: &str, to: &str, now: &str) -> Option<String> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        let quiet = QuietHours { from: time(from), to: time(to), except: Some(Severity::Critical) };
        let terms = ReceiverPolicy { quiet: Some(quiet), ..ReceiverPolicy::usual(zone) };
        let now = now.parse().unwrap();
        assert_eq!(terms.quiet_until(Severity::Critical, now), None);
        terms.quiet_until(Severity::Warning, now).map(|until| until.format("%FT%TZ").to_string())
    }

    #[test]
    fn quiet_hours_end_on_the_wall_clock_of_the_receiver() {
        for (zone, from, to, now, end) in [
            (Tz::Asia__Seoul, "22:00", "07:00", "2024-12-20T12:59:59Z", None),
            (Tz::Asia__Seoul, "22:00", "07:00", "2024-12-20T13:00:00Z", Some("2024-12-20T22:00:00Z")),
            (Tz::Asia__Seoul, "22:00", "07:00", "2024-12-20T21:59:59Z", Some("2024-12-20T22:00:00Z")),
            (Tz::Asia__Seoul, "22:00", "07:00", "2024-12-20T22:00:00Z", None),
            (Tz::UTC, "12:00", "13:00", "2024-12-20T12:30:00Z", Some("2024-12-20T13:00:00Z")),
            (Tz::UTC, "12:00", "13:00", "2024-12-20T13:00:00Z", None),
            // The night of the clock change in spring is an hour shorter, that in autumn an hour longer.
            (Tz::Europe__Berlin, "22:00", "07:00", "2024-03-30T22:00:00Z", Some("2024-03-31T05:00:00Z")),
            (Tz::Europe__Berlin, "22:00", "07:00", "2024-10-26T22:00:00Z", Some("2024-10-27T06:00:00Z")),
            // It ends in the hour that the clock skips: at the first instant after it.
            (Tz::Europe__Berlin, "22:00", "02:30", "2024-03-30T22:00:00Z", Some("2024-03-31T01:00:00Z")),
        ] {
            assert_eq!(until(zone, from, to, now).as_deref(), end, "{now} in {zone}");
        }
    }

    #[test]
    fn a_storm_is_told_when_it_pauses_or_after_its_longest_time() {
        let terms = ReceiverPolicy::usual(Tz::UTC);
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!(terms.collected(at(0), at(0)), at(5));
        assert_eq!(terms.collected(at(0), at(60)), at(65));
        assert_eq!(terms.collected(at(0), at(600)), at(120));
    }
}
