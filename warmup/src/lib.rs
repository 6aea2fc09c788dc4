//! Warm-up pings: the payload that keeps a function's environments warm, and the response of a function that supports
//! it.
//!
//! The monitor sends [`Ping::payload`] and reads [`Answer::read`]; the API recognizes a ping with [`Ping::recognise`]
//! before it initializes anything else, holds it for [`Ping::hold`], and answers with an [`Answer`]. Other pings are
//! supported too: `lambda-warmer` and `serverless-plugin-warmup` have payloads of their own, and Zappa's keep-warm is a
//! bare scheduled event of EventBridge.

mod dialect;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use dialect::PingDialect;

/// How many pings of one round may overlap; a larger number counts as this.
pub const MOST: u32 = 1000;

/// No ping is longer, in bytes; anything longer is not looked into.
const LONGEST: usize = 4096;
/// Where a scheduled event comes from: a rule of EventBridge, or EventBridge Scheduler.
const SCHEDULERS: [&str; 2] = ["aws.events", "aws.scheduler"];

/// One ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping {
    /// How many pings are sent at the same time, this one among them: so many environments are to stay warm. 1 to
    /// [`MOST`].
    pub concurrency: u32,
}

/// The payload as it is written.
#[derive(Serialize)]
struct PingPayload {
    concurrency: u32,
    warmer: bool,
}

/// What of an event tells whether it is a ping. The rest is skipped, not read.
#[derive(Deserialize)]
struct PingEvent<'a> {
    #[serde(borrow)]
    warmer: Option<&'a RawValue>,
    #[serde(borrow)]
    concurrency: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    job: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestContext")]
    request_context: Option<&'a RawValue>,
}

/// A scheduled event with a `job` asks for work.
#[derive(Deserialize)]
struct ScheduledDetail<'a> {
    #[serde(borrow)]
    job: Option<&'a RawValue>,
}

impl Ping {
    /// One of so many pings.
    pub fn of(concurrency: u32) -> Self {
        Self { concurrency: concurrency.clamp(1, MOST) }
    }

    /// What the function is called with, as JSON: also what `lambda-warmer` understands.
    pub fn payload(self) -> String {
        let Self { concurrency } = self;
        // Two plain fields always become JSON.
        serde_json::to_string(&PingPayload { concurrency, warmer: true })
            .unwrap_or_else(|_| r#"{"warmer":true}"#.to_owned())
    }

    /// The ping that an event is, if it is one. Only its own fields count: what a request has in its body never makes
    /// it a ping.
    pub fn recognise(event: &str) -> Option<Self> {
        if event.len() > LONGEST {
            return None;
        }
        let event: PingEvent<'_> = serde_json::from_str(event).ok()?;
        if event.request_context.is_some() || event.job.is_some() {
            return None;
        }
        let warmer = event.warmer.is_some_and(|warmer| warmer.get() == "true");
        let source: Option<String> = text(event.source);
        let plugin = source.as_deref() == Some("serverless-plugin-warmup");
        (warmer || plugin || event.is_idle_schedule(source.as_deref()))
            .then(|| Self::of(event.concurrency.map_or(1, count)))
    }

    /// How long a ping is to keep its environment busy. Lambda gives an event to an idle environment if there is one,
    /// so that pings of one round warm as many environments as they are only while they overlap: the first must still
    /// be held when the last arrives. Sent together, they arrive as far apart as their connections take to be made,
    /// which is under 75 ms within a region, and 2 ms more for each, as the sender signs one after the other. A held
    /// environment is one that a user's request cannot have, so that it is never more than 250 ms. A single ping is not
    /// held.
    pub fn hold(self) -> Duration {
        match self.concurrency {
            0 | 1 => Duration::ZERO,
            several => Duration::from_millis((75 + 2 * u64::from(several)).min(250)),
        }
    }
}

impl PingEvent<'_> {
    /// A scheduled event that asks for nothing: its only use is to keep the function warm.
    fn is_idle_schedule(&self, source: Option<&str>) -> bool {
        let scheduled = text(self.detail_type).as_deref() == Some("Scheduled Event")
            && source.is_some_and(|source| SCHEDULERS.contains(&source));
        let job = self
            .detail
            .and_then(|detail| serde_json::from_str::<ScheduledDetail<'_>>(detail.get()).ok())
            .and_then(|detail| detail.job);
        scheduled && job.is_none()
    }
}

fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// A number, also one written as text, within what is sensible; 1 for anything else.
fn count(value: &RawValue) -> u32 {
    let number: f64 = value.get().trim_matches('"').parse().unwrap_or(1.0);
    // A cast ends at the ends of the type, and takes what is no number for 0.
    (number as u32).clamp(1, MOST)
}

/// The response of a function that supports pings: which environment answered, and in which state it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Always true: this is the answer to a ping.
    pub warm: bool,
    /// Whether the ping was the first event of its environment.
    pub new: bool,
    /// The name of the environment, constant while it exists; on Lambda its log stream.
    pub environment: String,
    /// How long the environment has lived, in milliseconds.
    pub age_ms: u64,
    /// How many events it had got, this one among them.
    pub served: u64,
    /// How many pings were to overlap, as the function understood it.
    pub concurrency: u32,
    /// How long the ping was held so that others would find another environment, in milliseconds.
    pub held_ms: u64,
    /// Version of the function's program.
    pub version: String,
}

impl Answer {
    /// The answer that a payload is; None for the answer of a function that does not know pings, or knows others.
    pub fn read(payload: &str) -> Option<Self> {
        serde_json::from_str(payload).ok().filter(|answer: &Self| answer.warm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZAPPA: &str = r#"{"version":"0","id":"9c6a","detail-type":"Scheduled Event","source":"aws.events","account":"111122223333",
        "time":"2024-12-22T10:02:00Z","region":"ap-northeast-2","resources":["arn:aws:events:ap-northeast-2:111122223333:rule/backend-dev-zappa-keep-warm-handler.keep_warm_callback"],"detail":DETAIL}"#;

    #[test]
    fn pings_of_all_kinds_are_known_with_how_many_there_are() {
        for (event, concurrency) in [
            (r#"{"warmer":true}"#, 1),
            (r#"{"warmer":true,"concurrency":3}"#, 3),
            (r#" { "concurrency" : 3 , "warmer" : true } "#, 3),
            (r#"{"warmer":true,"concurrency":"3"}"#, 3),
            (r#"{"warmer":true,"concurrency":0}"#, 1),
            (r#"{"warmer":true,"concurrency":-5}"#, 1),
            (r#"{"warmer":true,"concurrency":null}"#, 1),
            (r#"{"warmer":true,"concurrency":{"a":[1]}}"#, 1),
            (r#"{"warmer":true,"concurrency":1e400}"#, MOST),
            (r#"{"warmer":true,"concurrency":99999999999999999999999999}"#, MOST),
            (r#"{"warmer":true,"concurrency":2,"index":1,"correlationId":"x"}"#, 2),
            (r#"{"source":"serverless-plugin-warmup"}"#, 1),
            (r#"{"Event":{"source":"serverless-plugin-warmup"},"source":"serverless-plugin-warmup"}"#, 1),
            (&ZAPPA.replace("DETAIL", "{}"), 1),
            (&ZAPPA.replace("DETAIL", r#""{}""#).replace("aws.events", "aws.scheduler"), 1),
        ] {
            assert_eq!(Ping::recognise(event), Some(Ping { concurrency }), "{event}");
        }
    }

    #[test]
    fn anything_else_is_no_ping() {
        let deep = format!(r#"{{"warmer":{}true{}}}"#, "[".repeat(1900), "]".repeat(1900));
        let long = format!(r#"{{"warmer":true,"more":"{}"}}"#, "x".repeat(LONGEST));
        for event in [
            "",
            "null",
            "[]",
            "17",
            "\"warmer\"",
            "{",
            "{}",
            r#"{"warmer":false}"#,
            r#"{"warmer":"true"}"#,
            r#"{"warmer":1}"#,
            r#"{"detail":{"warmer":true}}"#,
            r#"{"source":"aws.s3"}"#,
            r#"{"source":{"source":"serverless-plugin-warmup"}}"#,
            // What is in the body of a request is text of its sender.
            r#"{"httpMethod":"POST","path":"/todos/todo/","body":"{\"warmer\":true,\"source\":\"serverless-plugin-warmup\"}"}"#,
            r#"{"requestContext":{"http":{"method":"POST"}},"warmer":true}"#,
            r#"{"job":"reminders","source":"serverless-plugin-warmup"}"#,
            &ZAPPA.replace("DETAIL", r#"{"job":"reminders"}"#),
            &ZAPPA.replace("DETAIL", "{}").replace("Scheduled Event", "EC2 Instance State-change Notification"),
            &ZAPPA.replace("DETAIL", "{}").replace("aws.events", "aws.ec2"),
            &deep,
            &long,
        ] {
            assert_eq!(Ping::recognise(event), None, "{event}");
        }
    }

    #[test]
    fn the_payload_is_recognised() {
        for concurrency in [1, 2, 50, MOST] {
            assert_eq!(Ping::recognise(&Ping::of(concurrency).payload()), Some(Ping { concurrency }));
        }
        assert_eq!((Ping::of(0), Ping::of(u32::MAX)), (Ping { concurrency: 1 }, Ping { concurrency: MOST }));
        assert_eq!(Ping::of(2).payload(), r#"{"concurrency":2,"warmer":true}"#);
    }

    #[test]
    fn pings_are_held_only_as_long_as_they_must_overlap() {
        let held = [0, 1, 2, 10, 50, 1000].map(|concurrency| Ping { concurrency }.hold().as_millis());
        assert_eq!(held, [0, 0, 79, 95, 175, 250]);
    }

    #[test]
    fn only_an_answer_to_a_ping_is_read_as_one() {
        let answer = Answer {
            warm: true,
            new: true,
            environment: "2024/12/27/[$LATEST]4ba8".to_owned(),
            age_ms: 12,
            served: 1,
            concurrency: 2,
            held_ms: 79,
            version: "0.1.0".to_owned(),
        };
        let payload = serde_json::to_string(&answer).unwrap();
        assert_eq!(Answer::read(&payload), Some(answer.clone()));
        assert_eq!(Answer::read(&payload.replace('{', r#"{"more":[1],"#)), Some(answer));
        for payload in
            ["", "null", "\"warmed\"", "{}", r#"{"warm":true}"#, &payload.replace(r#""warm":true"#, r#""warm":false"#)]
        {
            assert_eq!(Answer::read(payload), None, "{payload}");
        }
    }
}
