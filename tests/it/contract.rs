//! How every HTTP receiver handles every answer, and that none of them leaks secrets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alerting::incident::IncidentEvent;
use alerting::notification::Message;
use alerting::operator::Acknowledgement;
use alerting::rules::Severity;
use base64::Engine;
use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use notify::{DeliveryRequest, Receiver};
use serde_json::Value;

use crate::support::receivers::{again, configuration, news, of, parcel, receiver, word};
use crate::support::schema;
use crate::support::slack_api::{CHANNEL, SlackApi, TOKEN};
use crate::support::webhook::{Reply, Request, Webhook};
use crate::world::repository;

const PATH: &str = "services/T0/B0/pathhunter2pathhunter2";
const SECRET: &str = "whsec_c2VjcmV0aHVudGVyMnNlY3JldGh1bnRlcjI=";
const KINDS: [&str; 3] = ["slack", "slack_app", "webhook"];

/// The settings of a receiver of a kind that tells this address; its secrets are in files.
fn settings(kind: &str, url: &str) -> (String, Vec<(&'static str, String)>) {
    match kind {
        "slack" => ("via.slack = { webhook = { file = \"url\" } }".to_owned(), vec![("url", format!("{url}/{PATH}"))]),
        "webhook" => (
            "via.webhook = { url = { file = \"url\" }, secret = { file = \"secret\" } }".to_owned(),
            vec![("url", format!("{url}/{PATH}?key=queryhunter2")), ("secret", SECRET.to_owned())],
        ),
        _ => {
            let settings = format!(
                "via.slack_app = {{ token = {{ file = \"token\" }}, channel = \"{CHANNEL}\", api = \"{url}/api\" }}"
            );
            (settings, vec![("token", TOKEN.to_owned())])
        }
    }
}

fn telling(kind: &str, url: &str) -> Arc<dyn Receiver> {
    let (settings, secrets) = settings(kind, url);
    let secrets: Vec<(&str, &str)> = secrets.iter().map(|(name, secret)| (*name, secret.as_str())).collect();
    receiver(&settings, &secrets)
}

/// The answer of a server that repeats what it was sent: the address, or the token.
fn echoing(reply: Reply, kind: &str) -> Reply {
    let echo = match kind {
        "slack" => format!("/{PATH}"),
        "webhook" => format!("/{PATH}?key=queryhunter2"),
        _ => TOKEN.to_owned(),
    };
    match reply {
        Reply::Answer { status, headers, body } => Reply::Answer { status, headers, body: body.replace("ECHO", &echo) },
        other => other,
    }
}

/// What must stand in nothing that is said.
fn is_told(text: &str) -> bool {
    text.contains("hunter2") || text.contains("aHVudGVy")
}

#[tokio::test]
async fn every_answer_has_its_outcome_for_every_kind() {
    let in_90_s = || {
        let now = Utc::now();
        let http = |at: chrono::DateTime<Utc>| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Reply::status(429).header("Date", &http(now)).header("Retry-After", &http(now + TimeDelta::seconds(90)))
    };
    let status = |status: u16| Reply::status(status);
    let says = |status: u16, text: &str| Reply::status(status).body(text);
    let slack_took_it = "{\"ok\":true,\"channel\":\"C0123456789\",\"ts\":\"1503435956.000247\"}";
    let echo = "Cannot POST ECHO";
    let table: Vec<(Option<Reply>, [&str; 3])> = vec![
        (Some(says(200, "ok")), ["delivered", "later", "delivered"]),
        (Some(says(200, slack_took_it)), ["delivered", "delivered", "delivered"]),
        (Some(says(200, "{\"ok\":false,\"error\":\"invalid_blocks\"}")), ["later", "refused", "delivered"]),
        (Some(says(200, "{\"ok\":false,\"error\":\"not_in_channel\"}")), ["later", "stopped", "delivered"]),
        (Some(says(200, "invalid_payload")), ["later", "later", "delivered"]),
        (Some(says(200, "<html>please log in</html>")), ["later", "later", "delivered"]),
        (Some(status(204)), ["delivered", "later", "delivered"]),
        (Some(status(301).header("Location", "http://127.0.0.1:9/elsewhere")), ["stopped"; 3]),
        (Some(status(302).header("Location", "http://127.0.0.1:9/elsewhere")), ["stopped"; 3]),
        (Some(status(307).header("Location", "http://127.0.0.1:9/elsewhere")), ["stopped"; 3]),
        (Some(says(400, "invalid_blocks")), ["refused"; 3]),
        (Some(status(401)), ["stopped"; 3]),
        (Some(status(403)), ["stopped"; 3]),
        (Some(says(404, echo)), ["stopped"; 3]),
        (Some(status(405)), ["stopped"; 3]),
        (Some(status(408)), ["later"; 3]),
        (Some(status(409)), ["later"; 3]),
        (Some(says(410, echo)), ["stopped"; 3]),
        (Some(status(413)), ["refused"; 3]),
        (Some(says(422, echo)), ["refused"; 3]),
        (Some(status(425)), ["later"; 3]),
        (Some(status(429).header("Retry-After", "7")), ["later 7"; 3]),
        (Some(in_90_s()), ["later 90"; 3]),
        (Some(status(429)), ["later 30"; 3]),
        (Some(status(429).header("Retry-After", "soon")), ["later 30"; 3]),
        (Some(status(429).header("Retry-After", "9999999")), ["later 86400"; 3]),
        (Some(says(500, echo)), ["later"; 3]),
        (Some(status(502)), ["unknown"; 3]),
        (Some(status(503).header("Retry-After", "5")), ["later 5"; 3]),
        (Some(status(503)), ["later"; 3]),
        (Some(status(504)), ["unknown"; 3]),
        (Some(Reply::Close), ["unknown"; 3]),
        (Some(Reply::Half), ["unknown"; 3]),
        (Some(Reply::Hang), ["unknown"; 3]),
        // Nobody listens.
        (None, ["later"; 3]),
    ];
    let began = Instant::now();
    let attempts = table.iter().flat_map(|(reply, outcomes)| {
        KINDS.into_iter().zip(outcomes).map(move |(kind, outcome)| (reply, kind, *outcome))
    });
    let attempts = attempts.map(|(reply, kind, outcome)| async move {
        let server = reply.clone().map(|reply| Webhook::start(vec![echoing(reply, kind)]));
        let url = server.as_ref().map_or_else(|| "http://127.0.0.1:9".to_owned(), Webhook::url);
        let (found, said) = word(&telling(kind, &url).send(&parcel("one", IncidentEvent::Firing)).await);
        assert!(found == outcome && !is_told(&said), "{kind}, {reply:?}: {found} ({said})");
        assert_eq!(
            server.map_or(0, |server| server.requests().len()),
            usize::from(reply.is_some()),
            "{kind}, {reply:?}"
        );
    });
    join_all(attempts).await;
    assert!(began.elapsed() < Duration::from_secs(45), "each attempt ends within its own limit: {:?}", began.elapsed());
}

#[test]
fn no_secret_is_seen_in_what_is_shown_of_the_settings() {
    for kind in KINDS {
        let (settings, secrets) = settings(kind, "http://127.0.0.1:9");
        let secrets: Vec<(&str, &str)> = secrets.iter().map(|(name, secret)| (*name, secret.as_str())).collect();
        let (config, _folder) = configuration(&settings, &secrets);
        let shown = format!("{:?}", config.receivers);
        assert!(shown.contains("***") && !is_told(&shown), "{shown}");
    }
}

#[tokio::test]
async fn a_look_says_nothing_that_it_must_keep_to_itself() {
    for (reply, fine) in [
        (Reply::status(404).body("Cannot HEAD ECHO"), [false, false, true]),
        (Reply::status(500), [true, false, false]),
        (Reply::Close, [false, false, false]),
    ] {
        for (kind, fine) in KINDS.into_iter().zip(fine) {
            let server = Webhook::start(vec![echoing(reply.clone(), kind)]);
            let look = telling(kind, &server.url()).probe().await;
            assert_eq!(look.is_ok(), fine, "{kind}, {reply:?}: {look:?}");
            assert!(!is_told(&format!("{look:?}")), "{look:?}");
        }
    }
}

/// A message with everything in it: news in full, rows, missed ones, somebody who takes care, and an end.
fn full(count: usize) -> Message {
    let mut all: Vec<_> =
        (0..count).map(|number| news(&format!("f{number}"), IncidentEvent::Firing, Severity::Warning)).collect();
    all[0].acked = Some(Acknowledgement { author: "Ada".to_owned(), at: all[0].at, note: String::new() });
    all[0].mutes = vec!["a symptom".to_owned()];
    all[count - 1].event = IncidentEvent::Resolved;
    all[count - 1].why = Some("it is well".to_owned());
    let missed =
        (0..3).map(|number| news(&format!("m{number}"), IncidentEvent::Resolved, Severity::Info).line()).collect();
    Message::of(all, missed)
}

async fn posted(parcel: &DeliveryRequest) -> Request {
    let server = Webhook::start(vec![Reply::status(200)]);
    assert_eq!(word(&telling("webhook", &server.url()).send(parcel).await).0, "delivered");
    server.requests().remove(0)
}

#[tokio::test]
async fn a_webhook_is_told_every_incident_as_its_schema_says() {
    for (name, message) in [
        ("one", Message::single(news("f", IncidentEvent::Firing, Severity::Critical))),
        ("few", full(3)),
        ("many", full(500)),
    ] {
        let parcel = again(&of(name, message.clone()));
        let body: Value = serde_json::from_str(&posted(&parcel).await.body).expect("JSON");
        schema::holds("docs/webhook.schema.json", &body);
        assert_eq!((&body["id"], &body["possible_repeat"]), (&Value::from(parcel.key.clone()), &Value::Bool(true)));
        let told: Vec<&str> = ["incidents", "missed"]
            .iter()
            .flat_map(|list| body[list].as_array().expect("a list"))
            .filter_map(|one| one["id"].as_str())
            .collect();
        let expected: Vec<String> =
            message.lines().chain(message.missed.iter().cloned()).map(|line| line.incident).collect();
        assert_eq!(told, expected);
        assert_eq!(body["counts"]["incidents"].as_u64(), u64::try_from(expected.len() - message.missed.len()).ok());
    }
}

#[test]
fn the_example_in_the_documents_is_what_the_schema_describes() {
    let text = std::fs::read_to_string(repository("docs/json.md")).expect("the document");
    let section = text.split("## What `via.webhook` posts").nth(1).expect("the section");
    let example = section.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    schema::holds("docs/webhook.schema.json", &serde_json::from_str(example).expect("JSON"));
}

#[tokio::test]
async fn a_webhook_is_signed_over_the_very_bytes_and_keeps_its_id() {
    let server = Webhook::start(vec![Reply::status(500), Reply::status(200)]);
    let (webhook, one) =
        (telling("webhook", &server.url()), parcel("a rule with spaces / and 한글", IncidentEvent::Firing));
    webhook.send(&one).await;
    webhook.send(&again(&one)).await;
    webhook.send(&parcel("another", IncidentEvent::Firing)).await;
    let requests = server.requests();
    let header = |request: &Request, name: &str| {
        request.header(name).unwrap_or_else(|| panic!("no {name}: {request:?}")).to_owned()
    };
    let key = base64::engine::general_purpose::STANDARD.decode(SECRET.trim_start_matches("whsec_")).expect("base64");
    for request in &requests {
        let (id, timestamp) = (header(request, "webhook-id"), header(request, "webhook-timestamp"));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{id}.{timestamp}.{}", request.body).as_bytes());
        let expected = format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(header(request, "webhook-signature"), expected);
        assert!(timestamp.parse::<i64>().is_ok_and(|at| (Utc::now().timestamp() - at).abs() < 60), "{timestamp}");
        assert_eq!(
            (header(request, "idempotency-key"), header(request, "content-type")),
            (id, "application/json".to_owned())
        );
    }
    let ids: Vec<String> = requests.iter().map(|request| header(request, "webhook-id")).collect();
    assert!(ids[0] == ids[1] && ids[0] != ids[2], "{ids:?}");
    let server = Webhook::start(vec![Reply::status(200)]);
    let unsigned = receiver("via.webhook = { url = { file = \"url\" } }", &[("url", &server.url())]);
    unsigned.send(&one).await;
    assert!(
        server.requests()[0].header("webhook-signature").is_none()
            && server.requests()[0].header("webhook-id").is_some()
    );
}

#[tokio::test]
async fn a_storm_is_one_message_that_slack_takes() {
    for count in [1, 2, 11, 60, 500] {
        let slack = SlackApi::start();
        let app =
            receiver(&slack.settings().replace("env = \"SLACK_BOT_TOKEN\"", "file = \"token\""), &[("token", TOKEN)]);
        assert_eq!(word(&app.send(&of("storm", full(count))).await).0, "delivered", "{count}");
        assert_eq!(slack.messages().len(), 1);
    }
}
