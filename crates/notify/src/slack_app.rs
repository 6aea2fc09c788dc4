//! `via.slack_app`: an app that posts with a token.
//!
//! Unlike a webhook it gets the id of a posted message. It therefore edits the first message about an incident, posts
//! updates as replies, and after an attempt without an answer it searches the channel before it posts again.

use std::collections::BTreeMap;
use std::time::Duration;

use alerting::incident::IncidentEvent;
use alerting::outbox::ThreadSupport;
use async_trait::async_trait;
use chrono::TimeDelta;
use model::page;
use model::secret::Secret;
use model::settings::TableReader;
use reqwest::Url;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::slack_api::{SlackApi, SlackApiError, base};
use super::slack_blocks::{RenderOptions, text_and_blocks};
use super::slack_place::{SlackMessageRef, in_page, is_channel_id, metadata, receipt};
use super::{DeliveryOutcome, DeliveryRequest, EarlierMessage, ImageAttachment, Receiver};

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
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        if !settings.has("token") {
            settings.problem(
                "token",
                "`via.slack_app` needs `token`",
                "`token` is missing",
                Some("token = { env = \"SLACK_BOT_TOKEN\" }".to_owned()),
            );
        }
        let token = settings.secret("token");
        if token.as_ref().is_some_and(|token| token.reveal().chars().any(|c| !c.is_ascii_graphic())) {
            settings.problem(
                "token",
                "`token` is not valid",
                "it has characters that a token cannot have",
                Some("it must look like xoxb-...".to_owned()),
            );
        }
        let channel: Option<String> = settings.required("channel");
        if let Some(wrong) = channel.as_deref().filter(|channel| !is_channel_id(channel)) {
            settings.problem(
                "channel",
                format!("`{wrong}` is not a channel id"),
                "expected an id such as \"C0123456789\"",
                Some("in Slack, click the channel's name; the id is at the end of \"About\"".to_owned()),
            );
        }
        let api: String = settings.or("api", API.to_owned())?;
        let api = match base(&api) {
            Ok(url) => Some(url),
            Err(why) => {
                settings.hidden_problem(
                    "api",
                    "`api` is not valid",
                    why,
                    Some(format!("remove it; the default is {API}")),
                );
                None
            }
        };
        let (token, channel, api) = (token?, channel?, api?);
        (!settings.failed()).then_some(Self { token, channel, api })
    }

    pub(super) fn receiver(self) -> Result<SlackAppReceiver, String> {
        Ok(SlackAppReceiver {
            api: SlackApi::new(self.api, self.token)?,
            channel: self.channel,
            started: Instant::now(),
        })
    }
}

pub(super) struct SlackAppReceiver {
    api: SlackApi,
    channel: String,
    started: Instant,
}

/// What a look into the channel has shown.
enum MessageLookup {
    /// It is there: this is its receipt.
    There(String),
    /// It is not.
    Absent,
    /// That could not be learnt.
    Unclear,
}

impl SlackAppReceiver {
    /// Edits the message that another one follows. False if there is nothing left to follow; the error is what became
    /// of the attempt.
    async fn bring_up_to_date(
        &self,
        root: &SlackMessageRef,
        earlier: &EarlierMessage,
        parcel: &DeliveryRequest,
    ) -> Result<bool, DeliveryOutcome> {
        let shown = RenderOptions { zone: parcel.zone, possible_repeat: false, as_of: Some(parcel.message.at) };
        let (text, blocks) = text_and_blocks(&earlier.now, shown);
        let body = json!({"channel": root.channel, "ts": root.ts, "text": text, "blocks": blocks, "parse": "none"});
        match self.api.post("chat.update", &body).await {
            Ok(_) => Ok(true),
            Err(SlackApiError::Said(complaint)) if complaint.is_about_the_earlier_message() => Ok(false),
            // It stands in a channel that was named before, which need not be there any more.
            Err(SlackApiError::Said(complaint)) if root.channel != self.channel && !complaint.is_about_pace() => {
                Ok(false)
            }
            // What has to be said now matters more than how an old message looks.
            Err(SlackApiError::Said(complaint)) if matches!(complaint.outcome(), DeliveryOutcome::Refused(_)) => {
                tracing::warn!("Slack rejected the update of an earlier message ({})", complaint.word);
                Ok(true)
            }
            Err(trouble) => Err(trouble.before_posting()),
        }
    }

    /// Looks whether a message is in the channel, or below another one, since the first attempt at it.
    async fn find(
        &self,
        parcel: &DeliveryRequest,
        below: Option<&SlackMessageRef>,
    ) -> Result<MessageLookup, DeliveryOutcome> {
        let found = self.find_posted(parcel, below).await?;
        match (found, ON_ITS_WAY.checked_sub(self.started.elapsed())) {
            (MessageLookup::Absent, Some(left)) => {
                tokio::time::sleep(left).await;
                self.find_posted(parcel, below).await
            }
            (found, _) => Ok(found),
        }
    }

    async fn find_posted(
        &self,
        parcel: &DeliveryRequest,
        below: Option<&SlackMessageRef>,
    ) -> Result<MessageLookup, DeliveryOutcome> {
        let oldest = (parcel.sealed - CLOCKS_DIFFER).timestamp().to_string();
        let mut arguments = vec![
            ("channel", self.channel.as_str()),
            ("include_all_metadata", "true"),
            ("limit", PAGE),
            ("oldest", &oldest),
        ];
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
                Err(SlackApiError::Said(complaint)) if complaint.is_about_pace() => return Err(complaint.outcome()),
                Err(trouble) => match trouble.before_posting() {
                    // It may say so in a while.
                    outcome @ DeliveryOutcome::Later { .. } if parcel.attempted - parcel.sealed < PATIENCE => {
                        return Err(outcome);
                    }
                    _ => return Ok(MessageLookup::Unclear),
                },
            };
            if let Some(ts) = in_page(&page, &parcel.key) {
                return Ok(MessageLookup::There(format!("{}:{ts}", self.channel)));
            }
            match page.pointer("/response_metadata/next_cursor").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => next.clone_into(&mut cursor),
                _ => return Ok(MessageLookup::Absent),
            }
        }
        Ok(MessageLookup::Unclear)
    }

    async fn post(
        &self,
        parcel: &DeliveryRequest,
        mut below: Option<&SlackMessageRef>,
        possible_repeat: bool,
    ) -> DeliveryOutcome {
        let (text, blocks) =
            text_and_blocks(&parcel.message, RenderOptions { zone: parcel.zone, possible_repeat, as_of: None });
        let place = json!({"channel": self.channel, "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false});
        let mut body: Map<String, Value> = place.as_object().cloned().unwrap_or_default();
        body.insert("metadata".to_owned(), metadata(&parcel.key));
        if let Some(root) = below {
            body.insert("thread_ts".to_owned(), json!(root.ts));
            // People who do not follow the thread do not see replies, and these are meant for everyone.
            let for_all = parcel
                .message
                .lines()
                .any(|line| matches!(line.event, IncidentEvent::Worsened | IncidentEvent::Escalated));
            body.insert("reply_broadcast".to_owned(), json!(for_all));
        }
        loop {
            let complaint = match self.api.post("chat.postMessage", &body).await {
                Ok(answer) => return DeliveryOutcome::Delivered(receipt(&answer)),
                Err(SlackApiError::Said(complaint)) => complaint,
                Err(SlackApiError::Mute(outcome)) => return outcome,
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
    async fn illustrate(&self, parcel: &DeliveryRequest, receipt: Option<String>, picture: &page::PageImage) {
        let report = EarlierMessage { key: parcel.key.clone(), receipt, now: parcel.message.clone() };
        let shown = match picture.file() {
            Ok(png) => {
                self.show(
                    &ImageAttachment { name: picture.name.clone(), title: picture.title.clone(), png },
                    Some(&report),
                )
                .await
            }
            Err(why) => DeliveryOutcome::Refused(why),
        };
        match shown {
            DeliveryOutcome::Delivered(_) => {}
            DeliveryOutcome::Later { why, .. }
            | DeliveryOutcome::Unknown(why)
            | DeliveryOutcome::Refused(why)
            | DeliveryOutcome::Stopped(why) => {
                tracing::warn!("the report was delivered, but its image was not: {why}");
            }
        }
    }

    async fn shown(
        &self,
        picture: &ImageAttachment,
        below: Option<&EarlierMessage>,
    ) -> Result<DeliveryOutcome, DeliveryOutcome> {
        let length = picture.png.len().to_string();
        let arguments =
            [("filename", picture.name.as_str()), ("length", length.as_str()), ("alt_txt", picture.title.as_str())];
        let place =
            self.api.get("files.getUploadURLExternal", &arguments).await.map_err(SlackApiError::before_posting)?;
        let text = |key| place.get(key).and_then(Value::as_str);
        let (Some(url), Some(file)) = (text("upload_url"), text("file_id")) else {
            return Err(DeliveryOutcome::Later {
                why: "Slack returned no upload URL for the image".to_owned(),
                wait: None,
            });
        };
        self.api.upload(url, picture.png.clone()).await.map_err(SlackApiError::before_posting)?;
        let root = below.and_then(SlackMessageRef::of).filter(|root| root.channel == self.channel);
        let mut body = BTreeMap::from([
            ("files", json!([{"id": file, "title": picture.title}])),
            ("channel_id", json!(self.channel)),
        ]);
        body.extend(root.map(|root| ("thread_ts", json!(root.ts))));
        self.api.post("files.completeUploadExternal", &body).await.map_err(SlackApiError::outcome)?;
        Ok(DeliveryOutcome::Delivered(Some(file.chars().filter(char::is_ascii_alphanumeric).take(40).collect())))
    }
}

#[async_trait]
impl Receiver for SlackAppReceiver {
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome {
        let mut below = None;
        if let Some((root, earlier)) =
            parcel.follows.iter().find_map(|earlier| Some((SlackMessageRef::of(earlier)?, earlier)))
        {
            match self.bring_up_to_date(&root, earlier, parcel).await {
                // Another channel has been configured since: there it begins anew.
                Ok(is_there) => below = Some(root).filter(|root| is_there && root.channel == self.channel),
                Err(outcome) => return outcome,
            }
        }
        let mut possible_repeat = parcel.possible_repeat;
        if possible_repeat {
            match self.find(parcel, below.as_ref()).await {
                Ok(MessageLookup::There(receipt)) => return DeliveryOutcome::Delivered(Some(receipt)),
                Ok(MessageLookup::Absent) => possible_repeat = false,
                Ok(MessageLookup::Unclear) => {}
                Err(outcome) => return outcome,
            }
        }
        let outcome = self.post(parcel, below.as_ref(), possible_repeat).await;
        if let (DeliveryOutcome::Delivered(receipt), Some(picture)) =
            (&outcome, parcel.message.page.as_ref().and_then(|page| page.picture.as_ref()))
        {
            self.illustrate(parcel, receipt.clone(), picture).await;
        }
        outcome
    }

    async fn probe(&self) -> Result<String, String> {
        let (answer, scopes) = match self.api.who().await {
            Ok(answered) => answered,
            Err(trouble) => match trouble.outcome() {
                DeliveryOutcome::Later { why, .. }
                | DeliveryOutcome::Unknown(why)
                | DeliveryOutcome::Refused(why)
                | DeliveryOutcome::Stopped(why) => {
                    return Err(why);
                }
                DeliveryOutcome::Delivered(_) => return Ok("reachable".to_owned()),
            },
        };
        let name =
            |key| answer.get(key).and_then(Value::as_str).map(super::plain::text).unwrap_or_else(|| "?".to_owned());
        let who = format!("posts as {} in {}", name("user"), name("team"));
        let has = |scope: &str| scopes.is_empty() || scopes.iter().any(|known| known == scope);
        if !has("chat:write") {
            return Err("the token needs the scope chat:write: add it on the app's page \"OAuth & Permissions\", and install the app again".to_owned());
        }
        let of_history = if self.channel.starts_with('D') { "im:history" } else { "channels:history" };
        let reads = has(of_history) || (!self.channel.starts_with('D') && has("groups:history"));
        Ok(if reads {
            who
        } else {
            format!("{who}; without the scope {of_history} it cannot check whether a message has arrived")
        })
    }

    async fn show(&self, picture: &ImageAttachment, below: Option<&EarlierMessage>) -> DeliveryOutcome {
        self.shown(picture, below).await.unwrap_or_else(|outcome| outcome)
    }

    fn threads(&self) -> ThreadSupport {
        ThreadSupport::Edits
    }

    fn pace(&self) -> TimeDelta {
        PACE
    }
}
