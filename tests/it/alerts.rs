//! Notifications of incidents: days on a simulated clock, with a real store, a real webhook and a real mail server.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use store::Store;

use crate::scripted::{Scripted, minute};
use crate::support::mail::{MailOptions, MailServer};
use crate::support::webhook::{Reply, Webhook};
use crate::world::{SOON, said};

const OOM: &str = "[alert.memory]\nwhen.lambda_cause = { causes = [\"oom\"], within = \"5m\" }\ntell = [\"team\"]\n";
const TEAM: &str = "[receiver.team]\nvia.slack = { webhook = { env = \"HOOK\" } }\n";

fn ok() -> Reply {
    Reply::status(200).body("ok")
}

fn titles(slack: &Webhook) -> Vec<String> {
    slack.requests().iter().map(|request| said(&request.body)).collect()
}

fn hook(slack: &Webhook) -> String {
    format!("{}/x", slack.url())
}

/// All text of a Slack message, and how much of it stands in blocks.
fn text_of(body: &str) -> (String, usize) {
    let message: Value = serde_json::from_str(body).expect("JSON");
    let blocks = message["blocks"].as_array().expect("blocks");
    assert!(blocks.len() <= 50, "{} blocks", blocks.len());
    let texts: Vec<&str> = blocks
        .iter()
        .map(|block| block["text"]["text"].as_str().or(block["elements"][0]["text"].as_str()).expect("a text"))
        .collect();
    assert!(texts.iter().all(|text| text.chars().count() <= 3000));
    (texts.join("\n"), texts.iter().map(|text| text.chars().count()).sum())
}

fn unfolded(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("=\n", "").replace("\r\n ", " ").replace("=3D", "=")
}

fn header<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    mail.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn a_storm_of_two_hundred_functions_is_one_message_and_one_mail_that_account_for_all_of_them() {
    let (slack, mail) = (Webhook::start(vec![ok()]), MailServer::start(MailOptions::default()).await);
    let tables = format!(
        "{}{TEAM}[receiver.me]\nvia.email = {{ smtp = \"smtp://127.0.0.1:{}\", tls = \"none\", from = \"a@stepby.one\", to = [\"b@stepby.one\"] }}\n",
        OOM.replace("[\"team\"]", "[\"team\", \"me\"]"),
        mail.port()
    );
    let names: Vec<String> = (0..200).map(|n| format!("a-function-with-a-name-as-long-as-they-are-{n:03}")).collect();
    let trouble: Vec<(&str, std::ops::Range<i64>)> = names.iter().map(|name| (name.as_str(), 3..6)).collect();
    let mut world = Scripted::new(&tables, &trouble).secret("HOOK", &hook(&slack));
    world.run_until(20).await;
    assert_eq!(slack.requests().len(), 2, "one when they fail, one when it is over: {:?}", titles(&slack));
    for (body, counts) in slack.requests().iter().zip(["200 incidents: 200 warning", "200 incidents: 200 over"]) {
        let (text, length) = text_of(&body.body);
        assert!(length < 13_200, "{length} characters");
        assert!(text.contains(counts), "{text}");
        let listed = names.iter().filter(|name| text.contains(name.as_str())).count();
        let more = text
            .split("… and ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .map_or(0, |count| count.parse::<usize>().expect("a count"));
        assert_eq!(listed + more, 200, "{text}");
        assert!(listed >= 10 && !text.contains("<!"), "{text}");
    }
    let mails = mail.wait_for(2, SOON).await;
    assert_eq!(mails.len(), 2);
    for (mail, counts) in mails.iter().zip(["200 incidents: 200 warning", "200 incidents: 200 over"]) {
        let mail = unfolded(mail);
        assert!(mail.contains(counts), "{mail}");
        for name in &names {
            assert!(mail.matches(name.as_str()).count() >= 2, "{name} is not in both the text and the page");
        }
    }
}

#[tokio::test]
async fn after_an_outage_of_six_hours_one_message_says_how_things_are_and_what_was_missed() {
    let replies =
        [vec![ok(), Reply::status(429).header("Retry-After", "7")], vec![Reply::status(503); 17], vec![ok()]].concat();
    let slack = Webhook::start(replies);
    let trouble = [
        ("known-then-over", 2..40),
        ("came-and-went", 60..70),
        ("came-and-went-too", 100..105),
        ("still-there", 200..500),
    ];
    let mut world = Scripted::new(&format!("{OOM}{TEAM}"), &trouble).secret("HOOK", &hook(&slack));
    // Until the second attempt, which is asked to wait.
    world.run_until(50).await;
    let told = titles(&slack);
    assert_eq!(told[0], "[warning] known-then-over: it ran out of memory (oom)");
    world.run_until(480).await;
    let told = titles(&slack);
    let last = told.len() - 1;
    assert!((19..=21).contains(&told.len()), "the outage ends with the nineteenth attempt: {told:?}");
    let (text, _) = text_of(&slack.requests()[19].body);
    assert!(
        text.contains("2 incidents: 1 warning, 1 over")
            && text.contains("2 incidents began and ended before this message could be sent"),
        "{text}"
    );
    for name in ["known-then-over", "came-and-went:", "came-and-went-too", "still-there"] {
        assert!(text.contains(name), "{name} is not in {text}");
    }
    assert_eq!(last, 19, "nothing is told twice: {told:?}");
    world.run_until(520).await;
    let told = titles(&slack);
    assert_eq!(told[20..], ["[resolved] still-there: it ran out of memory (oom)"]);
}

#[tokio::test]
async fn an_edited_limit_opens_nothing_anew_and_the_end_follows_the_first_mail() {
    let mail = MailServer::start(MailOptions::default()).await;
    let tables = format!(
        "{}[receiver.me]\nvia.email = {{ smtp = \"smtp://127.0.0.1:{}\", tls = \"none\", from = \"a@stepby.one\", to = [\"b@stepby.one\"] }}\n",
        OOM.replace("team", "me"),
        mail.port()
    );
    let mut world = Scripted::new(&tables, &[("shop", 2..30)]);
    world.run_until(10).await;
    assert_eq!(mail.wait_for(1, SOON).await.len(), 1);
    world.tables = tables
        .replace("within = \"5m\"", "within = \"8m\", count = 3")
        .replace("[alert.memory]", "[alert.out-of-memory]\nwas = \"memory\"\nseverity = \"critical\"");
    world.run_until(20).await;
    assert_eq!(mail.mails().len(), 1, "the same trouble under another name and with another limit");
    world.run_until(60).await;
    let mails = mail.wait_for(2, SOON).await;
    assert_eq!(mails.len(), 2);
    let first = header(&mails[0], "Message-ID").expect("an id");
    let (end, follows) = (unfolded(&mails[1]), header(&mails[1], "References"));
    assert!(end.contains("[resolved] shop"), "{end}");
    assert_eq!(follows, Some(first), "{end}");
}

/// Runs functions in trouble under one configuration and compares what the team was told, with the minute of each
/// message.
async fn check(tables: &str, trouble: &[(&str, std::ops::Range<i64>)], minutes: i64, expected: &[(i64, &str)]) {
    let slack = Webhook::start(vec![ok()]);
    let mut world = Scripted::new(&format!("{tables}{TEAM}"), trouble).secret("HOOK", &hook(&slack));
    let mut told: Vec<(i64, String)> = Vec::new();
    for now in 1..=minutes {
        world.run_until(now).await;
        told.extend(titles(&slack).into_iter().skip(told.len()).map(|title| (now, title)).collect::<Vec<_>>());
    }
    let told: Vec<(i64, &str)> = told.iter().map(|(minute, title)| (*minute, title.as_str())).collect();
    assert_eq!(told, expected, "{tables}");
}

const SHOP: &str = "[warning] shop: it ran out of memory (oom)";
const OVER: &str = "[resolved] shop: it ran out of memory (oom)";
const STILL: &str = "[still] shop: it ran out of memory (oom)";

#[tokio::test]
async fn an_incident_that_flaps_is_one_incident_if_it_is_kept_firing() {
    let rule = |more: &str| OOM.replace("within = \"5m\"", "within = \"2m\"").replace("tell", &format!("{more}\ntell"));
    let flaps = [("shop", 2..3), ("shop", 7..8), ("shop", 12..13)];
    check(&rule(""), &flaps, 20, &[(3, SHOP), (6, OVER), (8, SHOP), (11, OVER), (13, SHOP), (16, OVER)]).await;
    check(&rule("keep_firing_for = \"10m\""), &flaps, 40, &[(3, SHOP), (26, OVER)]).await;
    check(&rule("for = \"4m\""), &flaps, 20, &[]).await;
}

#[tokio::test]
async fn who_is_told_again_and_who_besides() {
    let rule = |more: &str| OOM.replace("tell", &format!("{more}\ntell"));
    check(
        &rule("remind = \"10m\""),
        &[("shop", 2..30)],
        40,
        &[(3, SHOP), (13, STILL), (23, STILL), (33, STILL), (36, OVER)],
    )
    .await;
    let (slack, boss) = (Webhook::start(vec![ok()]), Webhook::start(vec![ok()]));
    let tables = format!(
        "{}{TEAM}[receiver.boss]\nvia.slack = {{ webhook = {{ env = \"BOSS\" }} }}\n",
        rule("escalate = { after = \"20m\", tell = [\"boss\", \"team\"] }")
    );
    let mut world =
        Scripted::new(&tables, &[("shop", 2..30)]).secret("HOOK", &hook(&slack)).secret("BOSS", &hook(&boss));
    world.run_until(50).await;
    assert_eq!(
        (titles(&slack), titles(&boss)),
        (vec![SHOP.to_owned(), OVER.to_owned()], vec![SHOP.to_owned(), OVER.to_owned()])
    );
    assert!(text_of(&boss.requests()[0].body).0.contains("is not acknowledged yet"));
}

#[tokio::test]
async fn an_incident_becomes_critical_at_a_multiple_of_its_limit() {
    let rule =
        OOM.replace("within = \"5m\"", "count = 2, within = \"10m\"").replace("tell", "critical_at = \"3x\"\ntell");
    let worse = "[critical] shop: it ran out of memory (oom)";
    check(&rule, &[("shop", 2..12)], 40, &[(4, SHOP), (8, worse), (22, OVER)]).await;
}

#[tokio::test]
async fn quiet_hours_hold_back_what_is_not_critical() {
    let quiet =
        "[receiver.team]\nquiet = { from = \"01:00\", to = \"02:00\" }\nvia.slack = { webhook = { env = \"HOOK\" } }\n";
    for (severity, expected) in [
        // From 01:00 to 02:00: one opens and ends, one opens and stays.
        ("warning", vec![(121, "[warning] stays: it ran out of memory (oom)")]),
        (
            "critical",
            vec![
                (66, "[critical] goes: it ran out of memory (oom)"),
                (76, "[resolved] goes: it ran out of memory (oom)"),
                (101, "[critical] stays: it ran out of memory (oom)"),
            ],
        ),
    ] {
        let slack = Webhook::start(vec![ok()]);
        let tables = format!("{}{quiet}", OOM.replace("tell", &format!("severity = \"{severity}\"\ntell")));
        let mut world = Scripted::new(&tables, &[("goes", 65..70), ("stays", 100..200)]).secret("HOOK", &hook(&slack));
        let mut told: Vec<(i64, String)> = Vec::new();
        for now in 55..=130 {
            world.run_until(now).await;
            told.extend(titles(&slack).into_iter().skip(told.len()).map(|title| (now, title)).collect::<Vec<_>>());
        }
        let told: Vec<(i64, &str)> = told.iter().map(|(minute, title)| (*minute, title.as_str())).collect();
        assert_eq!(told, expected, "{severity}");
        let text = text_of(&slack.requests()[slack.requests().len() - 1].body).0;
        assert_eq!(
            text.contains("Began and ended before this message could be sent:\n:white_check_mark: goes"),
            severity == "warning",
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_everything_is_told_of_elsewhere_and_its_fallback_takes_over() {
    let (slack, me) = (
        Webhook::start([vec![Reply::status(404).body("no_service"); 3], vec![ok()]].concat()),
        Webhook::start(vec![ok()]),
    );
    let tables = format!(
        "{OOM}[receiver.team]\nfallback = \"me\"\nvia.slack = {{ webhook = {{ env = \"HOOK\" }} }}\n[receiver.me]\nvia.slack = {{ webhook = {{ env = \"ME\" }} }}\n"
    );
    let mut world = Scripted::new(&tables, &[("shop", 2..300), ("short", 20..30)])
        .secret("HOOK", &hook(&slack))
        .secret("ME", &hook(&me));
    world.run_until(100).await;
    assert_eq!(slack.requests().len(), 2, "once, and once again after an hour");
    let bodies: String = me.requests().iter().map(|request| text_of(&request.body).0).collect();
    for part in [
        "Receiver team refuses all messages: Slack refused the message (404: no_service)",
        "[warning] shop",
        "short: it ran out of memory",
    ] {
        assert!(bodies.contains(part), "{part} is not in {bodies}");
    }
    // Once it is mended, it is told how things are, and what it missed; its fallback hears that it works again.
    world.run_until(200).await;
    let told = titles(&slack);
    assert_eq!(told.len(), 4, "{told:?}");
    let (text, _) = text_of(&slack.requests()[3].body);
    assert!(text.contains("shop") && text.contains("Began and ended") && text.contains("short"), "{text}");
    assert!(titles(&me).iter().any(|title| title.starts_with("[resolved] Receiver team")), "{:?}", titles(&me));
    world.run_until(320).await;
    assert!(titles(&slack).last().is_some_and(|title| title == "[resolved] shop: it ran out of memory (oom)"));
    assert!(
        titles(&me).last().is_some_and(|title| title == "[resolved] shop: it ran out of memory (oom)"),
        "{:?}",
        titles(&me)
    );
}

#[tokio::test]
async fn a_clock_that_jumps_makes_nothing_wait_and_nothing_repeat() {
    for hours in [3, -3, 26, -26] {
        let slack = Webhook::start(vec![Reply::status(429).header("Retry-After", "120"), ok()]);
        let mut world = Scripted::new(&format!("{OOM}{TEAM}"), &[("shop", 2..4)]).secret("HOOK", &hook(&slack));
        // In the middle of the wait that the receiver asked for.
        world.jump = Some((minute(3), TimeDelta::hours(hours)));
        world.run(minute(3 + hours * 60) + TimeDelta::seconds(50)).await;
        assert_eq!(
            slack.requests().len(),
            if hours > 0 { 2 } else { 1 },
            "{hours} hours: a wait is kept as long as it was asked for, if the clock allows to tell"
        );
        world.jump = None;
        world.run(minute(20 + hours * 60)).await;
        let told = titles(&slack);
        assert_eq!(told.len(), if hours > 0 { 3 } else { 2 }, "{hours} hours: {told:?}");
        let (text, _) = text_of(&slack.requests().last().expect("a message").body);
        assert!(
            text.contains("shop") && text.contains("Resolved after") || text.contains("Began and ended"),
            "{hours} hours: {text}"
        );
        // And what happens next is told as ever.
        let from = 25 + hours * 60;
        world.trouble = vec![("shop".to_owned(), from..from + 3)];
        world.run(minute(from + 3)).await;
        assert_eq!(titles(&slack).last().map(String::as_str), Some(SHOP), "{hours} hours");
    }
}

#[tokio::test]
async fn everything_that_was_to_be_told_is_accounted_for_in_the_store() {
    let slack = Webhook::start(vec![
        Reply::Close,
        Reply::status(500),
        ok(),
        Reply::status(429).header("Retry-After", "30"),
        ok(),
    ]);
    let trouble: Vec<(&str, std::ops::Range<i64>)> =
        vec![("a", 1..5), ("b", 3..9), ("c", 3..30), ("a", 40..60), ("d", 41..42)];
    let mut world = Scripted::new(&format!("{OOM}{TEAM}"), &trouble).secret("HOOK", &hook(&slack));
    world.run_until(120).await;
    let store = Store::open_read_only(&world.store_path()).await.expect("the store");
    assert!(store.backlog().await.expect("the backlog").is_empty());
    assert!(store.open_incidents().await.expect("incidents").is_empty());
    let _: DateTime<Utc> = world.now;
}
