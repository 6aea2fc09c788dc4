//! `via.slack_app` against a stand-in for Slack that keeps what it has accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alerting::incident::IncidentEvent;
use chrono::{TimeDelta, Utc};
use notify::{DeliveryOutcome, DeliveryRequest, ImageAttachment, Receiver};

use crate::support::receivers::{again, following, parcel, receipt, receiver, word};
use crate::support::slack_api::{CHANNEL, Call, Fault, Options, Posted, SlackApi, TOKEN};

/// A receiver that posts there.
fn app(slack: &SlackApi) -> Arc<dyn Receiver> {
    let settings = slack.settings().replace("env = \"SLACK_BOT_TOKEN\"", "file = \"token\"");
    receiver(&settings, &[("token", TOKEN)])
}

/// The first call of a method goes wrong in this way.
fn first(method: &'static str, fault: Fault) -> Options {
    let done = AtomicBool::new(false);
    let faults = move |call: &Call| {
        let now = call.method == method && !done.swap(true, Ordering::SeqCst);
        if now { fault.clone() } else { Fault::None }
    };
    Options { faults: Box::new(faults), ..Options::default() }
}

fn methods(slack: &SlackApi) -> Vec<String> {
    slack.calls().into_iter().map(|call| call.method).collect()
}

#[tokio::test]
async fn the_first_message_is_edited_in_place_and_what_follows_hangs_below_it() {
    let slack = SlackApi::start();
    let app = app(&slack);
    let root = parcel("root", IncidentEvent::Firing);
    let posted = receipt(&app.send(&root).await);
    let worse = following("worse", IncidentEvent::Worsened, &root, posted.clone());
    let over = following("over", IncidentEvent::Resolved, &root, posted.clone());
    for parcel in [&worse, &over] {
        receipt(&app.send(parcel).await);
    }
    let messages = slack.messages();
    assert_eq!(posted.as_deref(), Some(format!("{CHANNEL}:{}", messages[0].ts).as_str()));
    let seen: Vec<(&str, bool, bool, usize)> = messages
        .iter()
        .map(|m: &Posted| (m.key.as_deref().unwrap_or_default(), m.thread_ts.is_some(), m.broadcast, m.edits))
        .collect();
    assert_eq!(
        seen,
        [
            (root.key.as_str(), false, false, 2),
            (worse.key.as_str(), true, true, 0),
            (over.key.as_str(), true, false, 0)
        ]
    );
    assert!(
        messages[0].first_text.contains("[critical] root: 3 errors") && messages[0].text.contains("[resolved] root"),
        "{messages:#?}"
    );
    assert!(messages[0].blocks.to_string().contains("as of "), "{:#}", messages[0].blocks);
    assert!(messages.iter().all(|message| !message.possible_repeat));
    let unfurls = slack
        .calls()
        .iter()
        .filter(|call| call.arguments["unfurl_links"] == false && call.arguments["unfurl_media"] == false)
        .count();
    assert_eq!(unfurls, 3);
}

#[tokio::test]
async fn after_an_attempt_without_an_answer_it_looks_before_it_posts_again() {
    for fault in [
        Fault::CloseAfter,
        Fault::HalfAfter,
        Fault::CloseBefore,
        Fault::Word("internal_error"),
        Fault::Word("fatal_error"),
        Fault::Status(502),
        Fault::Status(504),
    ] {
        for thread in [false, true] {
            let done = AtomicBool::new(false);
            let once = fault.clone();
            let faults = move |call: &Call| {
                let is_it = call.arguments["metadata"]["event_payload"]["key"]
                    .as_str()
                    .is_some_and(|key| key.starts_with("one/"));
                if is_it && !done.swap(true, Ordering::SeqCst) { once.clone() } else { Fault::None }
            };
            let slack = SlackApi::with(Options { page: 3, faults: Box::new(faults), ..Options::default() });
            let app = app(&slack);
            let root = parcel("root", IncidentEvent::Firing);
            let posted = receipt(&app.send(&root).await);
            let one = if thread {
                following("one", IncidentEvent::Reminder, &root, posted.clone())
            } else {
                parcel("one", IncidentEvent::Firing)
            };
            assert_eq!(word(&app.send(&one).await).0, "unknown", "{fault:?}");
            // Others have been told of since, so that it stands on a later page.
            for number in 0..10 {
                let name = format!("other {number}");
                let other = if thread {
                    following(&name, IncidentEvent::Reminder, &root, posted.clone())
                } else {
                    parcel(&name, IncidentEvent::Firing)
                };
                receipt(&app.send(&other).await);
            }
            let found = receipt(&app.send(&again(&one)).await);
            let copies: Vec<Posted> =
                slack.messages().into_iter().filter(|message| message.key.as_ref() == Some(&one.key)).collect();
            let seen: Vec<(bool, bool)> =
                copies.iter().map(|message| (message.possible_repeat, message.thread_ts.is_some())).collect();
            assert_eq!(seen, [(false, thread)], "{fault:?}");
            assert_eq!(found, Some(format!("{CHANNEL}:{}", copies[0].ts)));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_posted_again_as_a_possible_repeat() {
    let no_history = || Options { scopes: vec!["chat:write"], ..first("chat.postMessage", Fault::CloseAfter) };
    let slack = SlackApi::with(no_history());
    let (app, one) = (app(&slack), parcel("one", IncidentEvent::Firing));
    assert_eq!(word(&app.send(&one).await).0, "unknown");
    receipt(&app.send(&again(&one)).await);
    assert_eq!(slack.messages().iter().map(|message| message.possible_repeat).collect::<Vec<_>>(), [false, true]);
    assert!(app.probe().await.expect("it reachable").contains("without the scope channels:history"));
}

#[tokio::test]
async fn a_channel_that_cannot_be_read_for_long_does_not_keep_a_message_back() {
    let slack = SlackApi::with(first("conversations.history", Fault::Word("internal_error")));
    let first_attempt = Utc::now() - TimeDelta::minutes(11);
    let one = DeliveryRequest { sealed: first_attempt, ..again(&parcel("one", IncidentEvent::Firing)) };
    receipt(&app(&slack).send(&one).await);
    assert_eq!(slack.messages().iter().map(|message| message.possible_repeat).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn nothing_is_posted_while_slack_wants_to_be_left_alone() {
    for (method, fault, outcome) in [
        ("conversations.history", Fault::TooMany(7), "later 7"),
        ("conversations.history", Fault::Word("ratelimited"), "later 30"),
        ("conversations.history", Fault::Word("internal_error"), "later"),
        ("conversations.history", Fault::CloseBefore, "later"),
        ("conversations.history", Fault::HalfAfter, "later"),
        ("conversations.history", Fault::Status(502), "later"),
        ("chat.postMessage", Fault::TooMany(7), "later 7"),
        ("chat.postMessage", Fault::Word("rate_limited"), "later 30"),
        ("chat.postMessage", Fault::Word("service_unavailable"), "later"),
        ("chat.postMessage", Fault::Word("not_in_channel"), "stopped"),
        ("chat.postMessage", Fault::Word("msg_too_long"), "refused"),
    ] {
        let slack = SlackApi::with(first(method, fault.clone()));
        let app = app(&slack);
        let attempt = word(&app.send(&again(&parcel("one", IncidentEvent::Firing))).await);
        assert_eq!((attempt.0.as_str(), slack.messages().len()), (outcome, 0), "{fault:?}: {attempt:?}");
        receipt(&app.send(&again(&parcel("one", IncidentEvent::Firing))).await);
        assert_eq!(slack.messages().len(), 1);
    }
}

#[tokio::test]
async fn a_message_whose_root_is_gone_or_cannot_be_edited_stands_for_itself() {
    for (fault, outcome, below) in [
        (Fault::None, "delivered", Some(true)),
        (Fault::Word("message_not_found"), "delivered", Some(false)),
        (Fault::Word("thread_not_found"), "delivered", Some(false)),
        (Fault::Word("cant_update_message"), "delivered", Some(false)),
        (Fault::Word("edit_window_closed"), "delivered", Some(false)),
        // The old message stays as it is, and what is new is said below it.
        (Fault::Word("block_mismatch"), "delivered", Some(true)),
        (Fault::Word("msg_too_long"), "delivered", Some(true)),
        // The edit is made again with the next attempt; what was to be posted was not.
        (Fault::Word("internal_error"), "later", None),
        (Fault::TooMany(7), "later 7", None),
        (Fault::CloseAfter, "later", None),
        (Fault::Status(502), "later", None),
        (Fault::Word("token_revoked"), "stopped", None),
    ] {
        let slack = SlackApi::with(first("chat.update", fault.clone()));
        let app = app(&slack);
        let root = parcel("root", IncidentEvent::Firing);
        let posted = receipt(&app.send(&root).await);
        let attempt = word(&app.send(&following("over", IncidentEvent::Resolved, &root, posted)).await);
        assert_eq!(attempt.0, outcome, "{fault:?}: {attempt:?}");
        assert_eq!(slack.messages().get(1).map(|message| message.thread_ts.is_some()), below, "{fault:?}");
    }
    let slack = SlackApi::start();
    let app = app(&slack);
    let root = parcel("root", IncidentEvent::Firing);
    let posted = receipt(&app.send(&root).await);
    slack.delete(&slack.messages()[0].ts);
    receipt(&app.send(&following("over", IncidentEvent::Resolved, &root, posted.clone())).await);
    // Deleted between the edit and the post: the thread is gone then.
    let slack_says = methods(&slack);
    assert_eq!(slack_says, ["chat.postMessage", "chat.update", "chat.postMessage"]);
    assert_eq!(slack.messages().iter().filter(|message| message.thread_ts.is_none()).count(), 1);
}

#[tokio::test]
async fn a_thread_that_is_gone_is_left_and_metadata_that_is_not_taken_is_left_out() {
    for (word, kept) in [
        ("thread_not_found", (false, true)),
        ("message_not_found", (false, true)),
        ("metadata_must_be_sent_from_app", (true, false)),
    ] {
        let slack = SlackApi::with(Options {
            faults: Box::new(move |call| {
                if call.method == "chat.postMessage" && call.number == 2 { Fault::Word(word) } else { Fault::None }
            }),
            ..Options::default()
        });
        let app = app(&slack);
        let root = parcel("root", IncidentEvent::Firing);
        let posted = receipt(&app.send(&root).await);
        receipt(&app.send(&following("over", IncidentEvent::Resolved, &root, posted)).await);
        let last = slack.messages().pop().expect("a message");
        assert_eq!((last.thread_ts.is_some(), last.key.is_some()), kept, "{word}");
    }
}

#[tokio::test]
async fn a_receipt_of_another_kind_of_receiver_or_another_channel_begins_anew() {
    for receipt_of_another in [None, Some("250 2.0.0 Ok"), Some("C9999999999:1503435956.000247")] {
        let slack = SlackApi::start();
        let root = parcel("root", IncidentEvent::Firing);
        receipt(
            &app(&slack)
                .send(&following("over", IncidentEvent::Resolved, &root, receipt_of_another.map(str::to_owned)))
                .await,
        );
        let messages = slack.messages();
        assert!(messages.len() == 1 && messages[0].thread_ts.is_none(), "{receipt_of_another:?}: {messages:?}");
    }
}

#[tokio::test]
async fn a_picture_is_uploaded_below_the_message_it_belongs_to() {
    let slack = SlackApi::start();
    let app = app(&slack);
    let root = parcel("root", IncidentEvent::Firing);
    let posted = receipt(&app.send(&root).await);
    let follows = following("over", IncidentEvent::Resolved, &root, posted).follows;
    let picture = ImageAttachment {
        name: "costs.png".to_owned(),
        title: "Costs".to_owned(),
        png: vec![0x89, b'P', 0, 255, 13, 10],
    };
    receipt(&app.show(&picture, follows.first()).await);
    receipt(&app.show(&picture, None).await);
    let shown: Vec<_> = slack.files().into_iter().map(|file| (file.name, file.came, file.shown)).collect();
    let root = slack.messages()[0].ts.clone();
    let place = |ts| Some((CHANNEL.to_owned(), ts));
    assert_eq!(shown, [("costs.png".to_owned(), 6, place(Some(root))), ("costs.png".to_owned(), 6, place(None))]);
    for (method, fault, outcome, said) in [
        ("files.getUploadURLExternal", Fault::Word("file_uploads_disabled"), "stopped", "administrator"),
        ("files.getUploadURLExternal", Fault::CloseAfter, "later", "cannot be reached"),
        ("upload", Fault::Status(500), "later", "500"),
        ("files.completeUploadExternal", Fault::HangAfter, "unknown", "in time"),
        ("files.completeUploadExternal", Fault::Word("invalid_channel"), "stopped", "invite the app"),
    ] {
        let slack = SlackApi::with(first(method, fault));
        let (kind, why) = word(&self::app(&slack).show(&picture, None).await);
        assert!(kind == outcome && why.contains(said), "{method}: {kind} {why}");
    }
    let slack = SlackApi::with(Options { scopes: vec!["chat:write"], ..Options::default() });
    let (kind, why) = word(&self::app(&slack).show(&picture, None).await);
    assert!(kind == "stopped" && why.contains("the scope files:write"), "{why}");
}

#[tokio::test]
async fn a_look_tells_who_posts_and_what_is_missing() {
    let slack = SlackApi::start();
    assert_eq!(app(&slack).probe().await, Ok("posts as monitor in Step by One".to_owned()));
    assert_eq!(methods(&slack), ["auth.test"]);
    let slack = SlackApi::with(Options { scopes: vec!["channels:history"], ..Options::default() });
    assert!(app(&slack).probe().await.expect_err("a scope is missing").contains("chat:write"));
    let slack = SlackApi::start();
    let settings = slack.settings().replace("env = \"SLACK_BOT_TOKEN\"", "file = \"token\"");
    let wrong = receiver(&settings, &[("token", "xoxb-wrong-hunter2")]);
    let why = wrong.probe().await.expect_err("the token is wrong");
    assert!(why.contains("invalid_auth") && why.contains("OAuth & Permissions") && !why.contains("hunter2"), "{why}");
    let DeliveryOutcome::Stopped(why) = wrong.send(&parcel("one", IncidentEvent::Firing)).await else {
        panic!("it goes on")
    };
    assert!(why.contains("invalid_auth") && !why.contains("hunter2"), "{why}");
}
