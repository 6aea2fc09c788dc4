//! `via.slack_app`: an app that posts with a token.
//!
//! Unlike a webhook it learns which message it has posted. So the first message about an incident is brought up to date in place, what
//! follows hangs below it, and after an attempt without an answer it looks into the channel before it posts again.

use std::collections::BTreeMap;
use std::time::Duration;

use alerting::incident::Event;
use alerting::outbox::Threads;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, WallClock};
use model::page;
use model::secret::Secret;
use model::settings::Settings;
use reqwest::Url;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::slack_api::{Api, Trouble, base};
use super::slack_blocks::{Shown, text_and_blocks};
use super::slack_place::{Place, in_page, is_channel_id, metadata, receipt};
use super::{Earlier, Outcome, Parcel, Picture, Receiver};

const API: &str = "https://slack.com/api";
/// Slack takes about one message a second of a channel, and may disable an app that goes on beyond that.
const PACE: TimeDelta = TimeDelta::seconds(1);
/// What a process that died has sent just before may still be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(2);
/// So long after the first attempt a message is posted again although Slack does not say whether it is there already.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// Slack's clock and this machine's may differ by this much.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);
/// So many pages of a channel's messages are looked through, of so many messages each.
const MOST_PAGES: usize = 10;
const PAGE: &str = "100";

/// The settings of `via.slack_app`.
#[derive(Debug, Clone)]
pub struct SlackApp {
    token: Secret,
    channel: String,
    api: Url,
}

impl SlackApp {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        if !settings.has("token") {
            settings.problem("token", "`via.slack_app` needs `token`", "`token` is missing", Some("token = { env = \"SLACK_BOT_TOKEN\" }".to_owned()));
        }
        let token = settings.secret("token");
        if token.as_ref().is_some_and(|token| token.reveal().chars().any(|c| !c.is_ascii_graphic())) {
            settings.problem("token", "the token cannot be used", "it has characters that no token has", Some("it looks like xoxb-...".to_owned()));
        }
        let channel: Option<String> = settings.required("channel");
        if let Some(wrong) = channel.as_deref().filter(|channel| !is_channel_id(channel)) {
            settings.problem(
                "channel",
                format!("`{wrong}` is not a channel's id"),
                "expected an id such as \"C0123456789\"",
                Some("in Slack, click the channel's name; the id stands at the end of \"About\"".to_owned()),
            );
        }
        let api: String = settings.or("api", API.to_owned())?;
        let api = match base(&api) {
            Ok(url) => Some(url),
            Err(why) => {
                settings.hidden_problem("api", "the address of Slack's API cannot be used", why, Some(format!("leave it out: it is {API}")));
                None
            }
        };
        let (token, channel, api) = (token?, channel?, api?);
        (!settings.failed()).then_some(Self { token, channel, api })
    }

    pub(super) fn receiver(self) -> Result<App, String> {
        Ok(App { api: Api::new(self.api, self.token)?, channel: self.channel, started: Instant::now() })
    }
}

pub(super) struct App {
    api: Api,
    channel: String,
    started: Instant,
}

/// What a look into the channel has shown.
enum Found {
    /// It is there: this is its receipt.
    There(String),
    /// It is not.
    Absent,
    /// That could not be learnt.
    Unclear,
}

impl App {
    /// Edits the message that another one follows. False if there is nothing left to follow; the error is what became of the attempt.
    async fn bring_up_to_date(&self, root: &Place, earlier: &Earlier, parcel: &Parcel) -> Result<bool, Outcome> {
        let shown = Shown { zone: parcel.zone, possible_repeat: false, as_of: Some(parcel.message.at) };
        let (text, blocks) = text_and_blocks(&earlier.now, shown);
        let body = json!({"channel": root.channel, "ts": root.ts, "text": text, "blocks": blocks, "parse": "none"});
        match self.api.post("chat.update", &body).await {
            Ok(_) => Ok(true),
            Err(Trouble::Said(complaint)) if complaint.is_about_the_earlier_message() => Ok(false),
            // It stands in a channel that was named before, which need not be there any more.
            Err(Trouble::Said(complaint)) if root.channel != self.channel && !complaint.is_about_pace() => Ok(false),
            // What has to be said now matters more than how an old message looks.
            Err(Trouble::Said(complaint)) if matches!(complaint.outcome(), Outcome::Refused(_)) => {
                tracing::warn!("Slack did not take the new text of an earlier message ({})", complaint.word);
                Ok(true)
            }
            Err(trouble) => Err(trouble.before_posting()),
        }
    }

    /// Looks whether a message is in the channel, or below another one, since the first attempt at it.
    async fn find(&self, parcel: &Parcel, below: Option<&Place>) -> Result<Found, Outcome> {
        let found = self.look(&parcel.key, below, parcel.sealed).await?;
        match (found, ON_ITS_WAY.checked_sub(self.started.elapsed())) {
            (Found::Absent, Some(left)) => {
                tokio::time::sleep(left).await;
                self.look(&parcel.key, below, parcel.sealed).await
            }
            (found, _) => Ok(found),
        }
    }

    async fn look(&self, key: &str, below: Option<&Place>, since: DateTime<Utc>) -> Result<Found, Outcome> {
        let oldest = (since - CLOCKS_DIFFER).timestamp().to_string();
        let mut arguments = vec![("channel", self.channel.as_str()), ("include_all_metadata", "true"), ("limit", PAGE), ("oldest", &oldest)];
        arguments.extend(below.map(|root| ("ts", root.ts.as_str())));
        let method = if below.is_some() { "conversations.replies" } else { "conversations.history" };
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut of_page = arguments.clone();
            if !cursor.is_empty() {
                of_page.push(("cursor", &cursor));
            }
            let page = match self.api.get(method, &of_page).await {
                Ok(page) => page,
                Err(Trouble::Said(complaint)) if complaint.is_about_pace() => return Err(complaint.outcome()),
                Err(trouble) => match trouble.before_posting() {
                    // It may say so in a while.
                    outcome @ Outcome::Later { .. } if WallClock.now() - since < PATIENCE => return Err(outcome),
                    _ => return Ok(Found::Unclear),
                },
            };
            if let Some(ts) = in_page(&page, key) {
                return Ok(Found::There(format!("{}:{ts}", self.channel)));
            }
            match page.pointer("/response_metadata/next_cursor").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => next.clone_into(&mut cursor),
                _ => return Ok(Found::Absent),
            }
        }
        Ok(Found::Unclear)
    }

    async fn post(&self, parcel: &Parcel, mut below: Option<&Place>, possible_repeat: bool) -> Outcome {
        let (text, blocks) = text_and_blocks(&parcel.message, Shown { zone: parcel.zone, possible_repeat, as_of: None });
        let place = json!({"channel": self.channel, "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false});
        let mut body: Map<String, Value> = place.as_object().cloned().unwrap_or_default();
        body.insert("metadata".to_owned(), metadata(&parcel.key));
        if let Some(root) = below {
            body.insert("thread_ts".to_owned(), json!(root.ts));
            // Whoever does not follow the thread is not told of what is said there, and these are meant for everybody.
            let for_all = parcel.message.lines().any(|line| matches!(line.event, Event::Worsened | Event::Escalated));
            body.insert("reply_broadcast".to_owned(), json!(for_all));
        }
        loop {
            let complaint = match self.api.post("chat.postMessage", &body).await {
                Ok(answer) => return Outcome::Delivered(receipt(&answer)),
                Err(Trouble::Said(complaint)) => complaint,
                Err(Trouble::Mute(outcome)) => return outcome,
            };
            if complaint.is_about_the_earlier_message() && below.take().is_some() {
                body.remove("thread_ts");
                body.remove("reply_broadcast");
            } else if !(complaint.is_about_metadata() && body.remove("metadata").is_some()) {
                return complaint.outcome();
            }
        }
    }

    /// Shows a report's picture below it. The report has arrived, and is not sent again for the sake of a picture.
    async fn illustrate(&self, parcel: &Parcel, receipt: Option<String>, picture: &page::Picture) {
        let report = Earlier { key: parcel.key.clone(), receipt, now: parcel.message.clone() };
        let shown = match picture.file() {
            Ok(png) => self.show(&Picture { name: picture.name.clone(), title: picture.title.clone(), png }, Some(&report)).await,
            Err(why) => Outcome::Refused(why),
        };
        match shown {
            Outcome::Delivered(_) => {}
            Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Refused(why) | Outcome::Stopped(why) => {
                tracing::warn!("the report has arrived, its picture has not: {why}");
            }
        }
    }

    async fn shown(&self, picture: &Picture, below: Option<&Earlier>) -> Result<Outcome, Outcome> {
        let length = picture.png.len().to_string();
        let arguments = [("filename", picture.name.as_str()), ("length", length.as_str()), ("alt_txt", picture.title.as_str())];
        let place = self.api.get("files.getUploadURLExternal", &arguments).await.map_err(Trouble::before_posting)?;
        let text = |key| place.get(key).and_then(Value::as_str);
        let (Some(url), Some(file)) = (text("upload_url"), text("file_id")) else {
            return Err(Outcome::Later { why: "Slack named no place for the picture".to_owned(), wait: None });
        };
        self.api.upload(url, picture.png.clone()).await.map_err(Trouble::before_posting)?;
        let root = below.and_then(Place::of).filter(|root| root.channel == self.channel);
        let mut body = BTreeMap::from([("files", json!([{"id": file, "title": picture.title}])), ("channel_id", json!(self.channel))]);
        body.extend(root.map(|root| ("thread_ts", json!(root.ts))));
        self.api.post("files.completeUploadExternal", &body).await.map_err(Trouble::outcome)?;
        Ok(Outcome::Delivered(Some(file.chars().filter(char::is_ascii_alphanumeric).take(40).collect())))
    }
}

#[async_trait]
impl Receiver for App {
    async fn send(&self, parcel: &Parcel) -> Outcome {
        let mut below = None;
        if let Some((root, earlier)) = parcel.follows.iter().find_map(|earlier| Some((Place::of(earlier)?, earlier))) {
            match self.bring_up_to_date(&root, earlier, parcel).await {
                // Somebody has named another channel since: there it begins anew.
                Ok(is_there) => below = Some(root).filter(|root| is_there && root.channel == self.channel),
                Err(outcome) => return outcome,
            }
        }
        let mut possible_repeat = parcel.possible_repeat;
        if possible_repeat {
            match self.find(parcel, below.as_ref()).await {
                Ok(Found::There(receipt)) => return Outcome::Delivered(Some(receipt)),
                Ok(Found::Absent) => possible_repeat = false,
                Ok(Found::Unclear) => {}
                Err(outcome) => return outcome,
            }
        }
        let outcome = self.post(parcel, below.as_ref(), possible_repeat).await;
        if let (Outcome::Delivered(receipt), Some(picture)) = (&outcome, parcel.message.page.as_ref().and_then(|page| page.picture.as_ref())) {
            self.illustrate(parcel, receipt.clone(), picture).await;
        }
        outcome
    }

    async fn probe(&self) -> Result<String, String> {
        let (answer, scopes) = match self.api.who().await {
            Ok(answered) => answered,
            Err(trouble) => match trouble.outcome() {
                Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Refused(why) | Outcome::Stopped(why) => return Err(why),
                Outcome::Delivered(_) => return Ok("is reached".to_owned()),
            },
        };
        let name = |key| answer.get(key).and_then(Value::as_str).map(super::plain::text).unwrap_or_else(|| "?".to_owned());
        let who = format!("posts as {} in {}", name("user"), name("team"));
        let has = |scope: &str| scopes.is_empty() || scopes.iter().any(|known| known == scope);
        if !has("chat:write") {
            return Err("the token needs the scope chat:write: add it on the app's page \"OAuth & Permissions\", and install the app again".to_owned());
        }
        let of_history = if self.channel.starts_with('D') { "im:history" } else { "channels:history" };
        let reads = has(of_history) || (!self.channel.starts_with('D') && has("groups:history"));
        Ok(if reads { who } else { format!("{who}; without the scope {of_history} it cannot see whether a message has arrived after all") })
    }

    async fn show(&self, picture: &Picture, below: Option<&Earlier>) -> Outcome {
        self.shown(picture, below).await.unwrap_or_else(|outcome| outcome)
    }

    fn threads(&self) -> Threads {
        Threads::Edits
    }

    fn pace(&self) -> TimeDelta {
        PACE
    }
}
