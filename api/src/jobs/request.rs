//! Job requests, as events and the command line make them.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::{Asia::Seoul, Tz};
use serde_json::Value;

/// The time zone of the reminders.
pub const ZONE: Tz = Seoul;
/// How early a schedule may be.
const EARLY: TimeDelta = TimeDelta::minutes(5);

/// The reminders of a day, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReminderTime {
    /// 08:00.
    Morning,
    /// 14:00.
    Afternoon,
    /// 20:00.
    Evening,
}

impl ReminderTime {
    /// All reminders of a day, in order.
    pub const ALL: [Self; 3] = [Self::Morning, Self::Afternoon, Self::Evening];

    /// The hour in [`ZONE`].
    pub fn hour(self) -> u8 {
        match self {
            Self::Morning => 8,
            Self::Afternoon => 14,
            Self::Evening => 20,
        }
    }

    /// The time as text.
    pub fn at(self) -> &'static str {
        match self {
            Self::Morning => "08:00",
            Self::Afternoon => "14:00",
            Self::Evening => "20:00",
        }
    }

    fn time(self) -> NaiveTime {
        NaiveTime::MIN + TimeDelta::hours(self.hour().into())
    }

    /// The title of the push.
    pub fn title(self) -> &'static str {
        match self {
            Self::Morning => "오늘의 할 일을 확인해보세요",
            Self::Afternoon => "지금 할 일을 확인해보세요",
            Self::Evening => "오늘의 남은 할 일을 확인해보세요",
        }
    }
}

/// A request for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobRequest {
    /// `{"job":"reminders"}`: reminds all users of the open todos of the day.
    Reminders {
        /// `"at":"08:00"`; None: the latest that is due.
        at: Option<ReminderTime>,
        /// `"time"`: when the schedule was due, the same in a repeated event; None: now.
        time: Option<DateTime<Utc>>,
    },
    /// `{"job":"patch_notes","id":..,"subject":..,"html":..}`: mails a patch note to all users, once.
    PatchNotes(PatchNote),
}

/// A patch note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchNote {
    /// Its name, such as `1.2.0`. At most 100 characters.
    pub id: String,
    /// The subject, one line.
    pub subject: String,
    /// The text in HTML.
    pub html: String,
}

impl fmt::Display for JobRequest {
    /// For the log, without the texts.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reminders { at, .. } => write!(formatter, "reminders {}", at.map_or("now", ReminderTime::at)),
            Self::PatchNotes(note) => write!(formatter, "patch_notes {}", note.id),
        }
    }
}

impl JobRequest {
    /// Reads the request in an event, at the top or in `detail`. None: the event has no job. The error says what is
    /// wrong with the request.
    pub fn read(event: &Value) -> Option<Result<Self, String>> {
        let place =
            [Some(event), event.get("detail")].into_iter().flatten().find(|place| place.get("job").is_some())?;
        let job = place.get("job")?;
        let field = |name: &str| place.get(name).or_else(|| event.get(name)).filter(|value| !value.is_null());
        Some(match job.as_str() {
            Some("reminders") => reminders(field("at"), field("time")),
            Some("patch_notes") => patch_note(|name| place.get(name)).map(Self::PatchNotes),
            _ => Err(format!("no such job: {job}")),
        })
    }
}

fn reminders(at: Option<&Value>, time: Option<&Value>) -> Result<JobRequest, String> {
    let slot = |at: &Value| {
        ReminderTime::ALL
            .into_iter()
            .find(|slot| at.as_str() == Some(slot.at()))
            .ok_or_else(|| format!("no reminder is sent at {at}"))
    };
    let instant = |time: &Value| -> Result<DateTime<Utc>, String> {
        let parsed = time.as_str().and_then(|time| DateTime::<FixedOffset>::parse_from_rfc3339(time).ok());
        parsed.map(|time| time.to_utc()).ok_or_else(|| format!("{time} is not a time"))
    };
    Ok(JobRequest::Reminders { at: at.map(slot).transpose()?, time: time.map(instant).transpose()? })
}

fn patch_note<'a>(field: impl Fn(&str) -> Option<&'a Value>) -> Result<PatchNote, String> {
    let text = |name: &str| field(name).and_then(Value::as_str).unwrap_or_default();
    PatchNote::new(text("id"), text("subject"), text("html"))
}

impl PatchNote {
    /// Makes a note of these texts, without the white space around them.
    ///
    /// # Errors
    /// Names the text that is missing or too long.
    pub fn new(id: &str, subject: &str, html: &str) -> Result<Self, String> {
        let text = |name: &str, text: &str, most: usize| {
            let text = text.trim();
            if (1..=most).contains(&text.chars().count()) {
                Ok(text.to_owned())
            } else {
                Err(format!("{name} must be 1 to {most} characters"))
            }
        };
        Ok(Self {
            id: text("id", id, 100)?,
            subject: text("subject", subject, 200)?,
            html: text("html", html, 200_000)?,
        })
    }
}

/// The date and the reminder that is due: the requested one, or the latest of the day.
///
/// # Errors
/// When no reminder is due yet on that day.
pub fn due(at: Option<ReminderTime>, time: DateTime<Utc>) -> Result<(NaiveDate, ReminderTime), String> {
    let local = (time + EARLY).with_timezone(&ZONE);
    let latest = || ReminderTime::ALL.into_iter().rfind(|slot| slot.time() <= local.time());
    let slot = at
        .or_else(latest)
        .ok_or_else(|| format!("no reminder is due at {}", time.with_timezone(&ZONE).format("%H:%M")))?;
    Ok((local.date_naive(), slot))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn orders_are_read_from_the_top_of_an_event_or_from_its_detail() {
        let morning = JobRequest::Reminders { at: Some(ReminderTime::Morning), time: None };
        let scheduled = JobRequest::Reminders { at: None, time: Some(utc("2026-11-22T23:00:00Z")) };
        for (event, order) in [
            (json!({"job": "reminders", "at": "08:00"}), morning.clone()),
            (json!({"source": "aws.events", "detail": {"job": "reminders", "at": "08:00"}}), morning),
            (json!({"job": "reminders"}), JobRequest::Reminders { at: None, time: None }),
            (json!({"job": "reminders", "at": null, "time": "2026-11-22T23:00:00Z"}), scheduled.clone()),
            (json!({"time": "2026-11-22T23:00:00Z", "detail": {"job": "reminders"}}), scheduled.clone()),
            (json!({"time": "2026-11-23T08:00:00+09:00", "detail": {"job": "reminders"}}), scheduled),
            (
                json!({"job": "patch_notes", "id": " 1.2.0", "subject": "새 소식", "html": "<p>안녕</p>"}),
                JobRequest::PatchNotes(PatchNote {
                    id: "1.2.0".to_owned(),
                    subject: "새 소식".to_owned(),
                    html: "<p>안녕</p>".to_owned(),
                }),
            ),
        ] {
            assert_eq!(JobRequest::read(&event), Some(Ok(order)), "{event}");
        }
    }

    #[test]
    fn hour_and_text_of_a_reminder_agree() {
        for slot in ReminderTime::ALL {
            assert_eq!(
                (slot.time().format("%H:%M").to_string(), format!("{:02}:00", slot.hour())),
                (slot.at().to_owned(), slot.at().to_owned())
            );
        }
    }

    #[test]
    fn an_order_that_cannot_be_followed_says_why() {
        for (event, reason) in [
            (json!({"job": "remind"}), r#"no such job: "remind""#),
            (json!({"job": null}), "no such job: null"),
            (json!({"job": {"a": [1]}}), r#"no such job: {"a":[1]}"#),
            (json!({"job": "reminders", "at": "09:00"}), r#"no reminder is sent at "09:00""#),
            (json!({"job": "reminders", "at": 8}), "no reminder is sent at 8"),
            (json!({"job": "reminders", "time": "today"}), r#""today" is not a time"#),
            (json!({"job": "patch_notes", "subject": "s", "html": "h"}), "id must be 1 to 100 characters"),
            (
                json!({"job": "patch_notes", "id": "1", "subject": " ", "html": "h"}),
                "subject must be 1 to 200 characters",
            ),
        ] {
            assert_eq!(JobRequest::read(&event), Some(Err(reason.to_owned())), "{event}");
        }
        for event in [json!({}), json!([]), json!(null), json!("job"), json!({"detail": "job"}), json!({"detail": {}})]
        {
            assert_eq!(JobRequest::read(&event), None);
        }
    }

    #[test]
    fn the_reminders_that_are_due_are_the_latest_of_the_day_in_seoul() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        for (time, slot) in [
            ("2026-11-22T22:57:00Z", Ok((day, ReminderTime::Morning))),
            ("2026-11-22T23:00:41Z", Ok((day, ReminderTime::Morning))),
            ("2026-11-23T05:00:00Z", Ok((day, ReminderTime::Afternoon))),
            ("2026-11-23T10:59:00Z", Ok((day, ReminderTime::Evening))),
            ("2026-11-23T14:54:00Z", Ok((day, ReminderTime::Evening))),
            ("2026-11-22T15:00:00Z", Err("no reminder is due at 00:00".to_owned())),
            ("2026-11-22T22:54:59Z", Err("no reminder is due at 07:54".to_owned())),
        ] {
            assert_eq!(due(None, utc(time)), slot, "{time}");
        }
        assert_eq!(due(Some(ReminderTime::Evening), utc("2026-11-22T15:00:00Z")), Ok((day, ReminderTime::Evening)));
    }
}
