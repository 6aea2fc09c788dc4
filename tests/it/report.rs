//! `monitor report`: the forms, the languages, sending it at once, and sending it every month, exactly once.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use alerting::month_rows::MonthRows;
use alerting::notification::Message;
use aws::recorded::Recording;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clock::{Clock, SimulatedClock};
use model::calendar::Month;
use model::language::Language;
use monitor::app::{self, MonitorConfig};
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{NoWatchdog, StopCondition};
use notify::DeliveryRequest;
use report::month::{DayLine, MonthReport, sum_up};
use report::{ReportStyle, page_with_picture};
use serde_json::Value;
use store::{Durability, Store};
use tempfile::TempDir;

use crate::prose;
use crate::support::mail::{MailOptions, MailServer};
use crate::support::program::{Output, monitor};
use crate::support::receivers::{again, receiver, word};
use crate::support::schema;
use crate::support::slack_api::{CHANNEL, Call, Fault, Options, SlackApi, TOKEN};
use crate::support::webhook::{Reply, Webhook};
use crate::world::{SOON, repository, said};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// The demo's configuration with more tables, told to a Slack webhook.
fn tables(more: &str) -> String {
    let demo = fs::read_to_string(repository("demo/alerts.toml")).expect("the configuration");
    format!("{}\n{more}", demo.replace("via.stdout = {}", "via.slack = { webhook = { env = \"HOOK\" } }"))
}

/// Runs the daemon over the recorded account from one instant to another.
async fn watch(folder: &Path, hook: &str, more: &str, from: &str, to: &str) {
    let recording =
        Recording::parse(&fs::read_to_string(repository("demo/december-2024.toml")).expect("the recording"))
            .expect("a valid recording");
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(at(from)));
    let config: MonitorConfig =
        parse(&tables(more), &ConfigEnvironment::with(&[("HOOK", hook)], folder.to_path_buf()), at(from))
            .expect("a valid configuration");
    let account = recording.account(Arc::clone(&clock), at(from));
    let daemon = app::daemon(
        config,
        std::future::ready(account),
        clock,
        Durability::None,
        fastrand::Rng::with_seed(7),
        Box::new(NoWatchdog),
    )
    .await
    .expect("a daemon");
    daemon.run(StopCondition::Instant(at(to))).await.expect("a good end");
}

/// A store that the demo's daemon has written, made once for all tests.
fn december() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reported-december");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let made = folder.clone();
        let maker = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let slack = Webhook::start(vec![Reply::status(200).body("ok")]);
                watch(&made, &slack.url(), "", "2024-12-26T00:30:00Z", "2025-01-03T06:00:00Z").await;
            });
        });
        maker.join().expect("the store is made");
        folder
    })
}

/// The program over that store, with more tables; the folder holds what it has written.
fn report(more: &str, args: &[&str]) -> (Output, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let tables = tables(&format!("[store]\npath = {:?}\n{more}", december().join("monitor.db")));
    fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    let program = monitor(folder.path())
        .args(["report"])
        .args(args)
        .env("SLACK_BOT_TOKEN", TOKEN)
        .env("NO_COLOR", "1")
        .env("HOOK", "http://127.0.0.1:9/x");
    (program.run(), folder)
}

#[test]
fn a_month_is_written_in_every_form_and_both_languages() {
    for (form, language) in
        [("text", "en"), ("text", "ko"), ("markdown", "en"), ("markdown", "ko"), ("html", "ko"), ("html", "en")]
    {
        let more = if language == "ko" {
            "[report]\nlanguage = \"ko\"\ncurrency = { code = \"KRW\", per_usd = \"1450\" }\n"
        } else {
            ""
        };
        let (output, _folder) = report(more, &["--month", "2024-12", "--format", form]);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{form}");
        if form != "html" {
            prose::check(&format!("report_{form}_{language}"), &output.stdout);
            continue;
        }
        for words in [&format!("<!DOCTYPE html><html lang=\"{language}\">"), "prefers-color-scheme", "</html>"] {
            assert!(output.stdout.contains(words), "`{words}` is not in:\n{}", output.stdout);
        }
    }
    let (output, _folder) = report("", &["--month", "2024-12", "--language", "ko"]);
    assert!(output.stdout.starts_with("2024년 12월 보고서"), "{output:?}");
}

#[test]
fn the_json_follows_its_schema_whatever_is_known_and_keeps_the_currency_of_the_bill() {
    for month in ["2024-12", "1999-01"] {
        let (output, _folder) = report(
            "[report]\nlanguage = \"ko\"\ncurrency = { code = \"KRW\", per_usd = \"1450\" }\n",
            &["--month", month, "--format", "json"],
        );
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        let value: Value = serde_json::from_str(&output.stdout).expect("JSON");
        schema::holds("docs/report.schema.json", &value);
        assert!(!output.stdout.contains("KRW"));
        assert_eq!(value["own_cost"]["cap"], "1.00");
    }
    schema::holds("docs/report.schema.json", &serde_json::to_value(a_week()).expect("JSON"));
}

#[test]
fn a_month_without_data_says_what_is_known_and_a_month_to_come_is_refused() {
    let (output, _folder) = report("", &["--month", "1999-01"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stdout.contains("No cost is known for this month. Costs are known from 2024-1")
            && output.stdout.contains("read.cost_explorer"),
        "{output:?}"
    );
    for (args, said) in [
        (&["--month", "2999-01"][..], "--month 2999-01 is in the future; the current month is "),
        (&["--language", "de"], "known: en, ko"),
        (&["--send", "teem"], "there is no receiver `teem`; did you mean `team`?"),
        (&["--send", "team", "--format", "html"], "cannot be used with"),
    ] {
        let (output, _folder) = report("", args);
        assert!(
            output.code == Some(64) && output.stderr.contains(said) && output.stdout.is_empty(),
            "{args:?}: {output:?}"
        );
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let (output, folder) = report("", &["--month", "2024-12", "--format", "html", "--output", "report.html"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""), "{}", output.stderr);
    let written = fs::read_to_string(folder.path().join("report.html")).expect("the report");
    assert!(written.starts_with("<!DOCTYPE html>") && written.ends_with("</html>\n"));
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2, "nothing else is left behind");
    for (file, said) in [("nowhere/report.html", "--output nowhere/report.html: "), (".", "not a regular file")] {
        let (output, folder) = report("", &["--month", "2024-12", "--output", file]);
        assert!(output.code == Some(1) && output.stderr.contains(said), "{output:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }
}

#[tokio::test]
async fn it_is_sent_at_once_and_each_receiver_says_what_became_of_it() {
    let (mail, slack) = (MailServer::start(MailOptions::default()).await, SlackApi::start());
    let receivers = format!(
        "[receiver.me]\nvia.email = {{ smtp = \"smtp://127.0.0.1:{}\", tls = \"none\", from = \"monitor@stepby.one\", to = [\"me@stepby.one\"] }}\n[receiver.app]\n{}\n[receiver.dead]\nvia.slack = {{ webhook = {{ file = \"hook\" }} }}\n",
        mail.port(),
        slack.settings()
    );
    let send = |names: &[&str]| {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("hook"), "http://127.0.0.1:9/x").expect("an address where nobody listens");
        let tables = tables(&format!("[store]\npath = {:?}\n{receivers}", december().join("monitor.db")))
            .replace("{ env = \"HOOK\" }", "{ file = \"hook\" }");
        fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
        monitor(folder.path())
            .args(["report", "--month", "2024-12", "--send"])
            .args(names)
            .env("SLACK_BOT_TOKEN", TOKEN)
            .run()
    };
    let output = send(&["me", "app", "me"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(
        output.stdout.contains("me accepted it: 250")
            && output.stdout.contains(&format!("app accepted it: {CHANNEL}:")),
        "{output:?}"
    );
    assert_eq!((mail.wait_for(1, SOON).await.len(), slack.messages().len()), (1, 1), "once each");
    assert_eq!(slack.messages()[0].text, "Report for December 2024");
    let output = send(&["dead", "me"]);
    assert!(
        output.code == Some(2)
            && output.stderr.contains("dead did not get it: ")
            && output.stdout.contains("me accepted it"),
        "{output:?}"
    );
    assert!(!format!("{output:?}").contains(TOKEN));
}

/// A week of which every day is known.
fn a_week() -> MonthReport {
    let day = |number: u32| NaiveDate::from_ymd_opt(2024, 12, number).expect("a day");
    let mut report = sum_up(Month::of(day(1)), MonthRows::default(), at("2024-12-08T00:00:00Z"));
    let services = BTreeMap::from([
        ("AWS Lambda".to_owned(), "0.25".parse().expect("an amount")),
        ("<script>".to_owned(), "1.50".parse().expect("an amount")),
    ]);
    report.currency = Some("USD".to_owned());
    report.daily =
        (1..8).map(|number| DayLine { day: day(number), settled: number < 6, services: services.clone() }).collect();
    report
}

fn a_report() -> DeliveryRequest {
    let sealed = at("2024-12-08T00:00:00Z");
    let style = ReportStyle { language: Language::Ko, ..ReportStyle::plain(Tz::Asia__Seoul) };
    let message = Message::report(page_with_picture(&a_week(), &style), sealed);
    DeliveryRequest {
        key: "report/2024-12/team".to_owned(),
        message,
        follows: vec![],
        possible_repeat: false,
        sealed,
        attempted: sealed,
        zone: Tz::Asia__Seoul,
    }
}

/// What the reference reader of Python makes of a mail: its parts in order, with their kind, their id and what they
/// hold.
fn parts(mail: &str) -> Vec<(String, String, String)> {
    const READ: &str = "import sys,json,email,email.policy
mail=email.message_from_bytes(sys.stdin.buffer.read(),policy=email.policy.default)
say=lambda p: p.get_content() if p.get_content_maintype()=='text' else p.get_content()[:8].hex() if not p.is_multipart() else ''
print(json.dumps([(p.get_content_type(),p.get('Content-ID') or '',say(p)) for p in mail.walk()]))";
    let mut child = Command::new("python3")
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    child.stdin.take().expect("stdin").write_all(mail.as_bytes()).expect("the mail");
    serde_json::from_slice(&child.wait_with_output().expect("python ends").stdout).expect("the parts")
}

#[tokio::test]
async fn a_mail_has_the_report_as_text_and_as_a_page_with_its_picture_inside() {
    let server = MailServer::start(MailOptions::default()).await;
    let settings = format!(
        "via.email = {{ smtp = \"smtp://127.0.0.1:{}\", tls = \"none\", from = \"monitor@stepby.one\", to = [\"a@stepby.one\"] }}",
        server.port()
    );
    let mailer = receiver(&settings, &[]);
    for parcel in [a_report(), again(&a_report())] {
        let (kind, said) = word(&mailer.send(&parcel).await);
        assert_eq!(kind, "delivered", "{said}");
    }
    let mails = server.wait_for(2, SOON).await;
    let parts = parts(&mails[0]);
    let kinds: Vec<&str> = parts.iter().map(|(kind, _, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]);
    assert!(
        parts[1].2.contains("2024년 12월 보고서") && parts[1].2.contains("▇▇▇▇▇▇▇") | parts[1].2.contains("███████"),
        "{}",
        parts[1].2
    );
    let html = &parts[3].2;
    assert!(html.contains("src=\"cid:chart\"") && parts[4].1 == "<chart>", "{}: {html}", parts[4].1);
    assert_eq!(parts[4].2, "89504e470d0a1a0a", "a PNG file");
    for absent in ["<svg", "<script", "<style", "class=", "<link"] {
        assert!(!html.contains(absent), "{absent} is in {html}");
    }
    let id = |mail: &str| mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).map(str::to_owned);
    assert!(id(&mails[0]).is_some() && id(&mails[0]) == id(&mails[1]), "a repeat can be told by its id");
}

#[tokio::test]
async fn an_app_posts_the_report_and_its_picture_below_and_a_picture_that_fails_repeats_nothing() {
    for (fails, files) in [(false, 1), (true, 0)] {
        let faults = move |call: &Call| {
            if fails && call.method == "files.getUploadURLExternal" {
                Fault::Word("missing_scope")
            } else {
                Fault::None
            }
        };
        let slack = SlackApi::with(Options { faults: Box::new(faults), ..Options::default() });
        let settings = slack.settings().replace("env = \"SLACK_BOT_TOKEN\"", "file = \"token\"");
        let app = receiver(&settings, &[("token", TOKEN)]);
        let (kind, said) = word(&app.send(&a_report()).await);
        assert_eq!(kind, "delivered", "{said}");
        let messages = slack.messages();
        assert_eq!((messages.len(), messages[0].text.as_str()), (1, "2024년 12월 보고서"));
        let blocks = messages[0].blocks.to_string();
        assert!(blocks.contains("일별 비용") && blocks.contains("```"), "{blocks}");
        let shown: Vec<_> = slack.files().into_iter().map(|file| (file.name, file.shown)).collect();
        assert_eq!(shown.len(), files, "{shown:?}");
        assert!(
            shown.iter().all(|file| *file
                == ("costs-2024-12.png".to_owned(), Some((CHANNEL.to_owned(), Some(messages[0].ts.clone()))))),
            "{shown:?}"
        );
    }
}

#[tokio::test]
async fn a_webhook_for_programs_is_told_the_report_as_its_schema_says() {
    let webhook = Webhook::start(vec![Reply::status(200).body("ok")]);
    let hook = receiver("via.webhook = { url = { file = \"url\" } }", &[("url", &webhook.url())]);
    assert_eq!(word(&hook.send(&a_report()).await).0, "delivered");
    let body: Value = serde_json::from_str(&webhook.requests()[0].body).expect("JSON");
    schema::holds("docs/webhook.schema.json", &body);
    assert!(
        body["report"]["text"].as_str().expect("a text").contains("2024년 12월 보고서")
            && body["incidents"] == serde_json::json!([])
    );
}

/// The reports that the webhook was told, by title.
fn reports(slack: &Webhook) -> Vec<String> {
    slack
        .requests()
        .iter()
        .map(|request| said(&request.body))
        .filter(|title| title.starts_with("Report for "))
        .collect()
}

const MONTHLY: &str = "[report]\ncron = \"0 0 9 2 * *\"\ntell = [\"team\"]\n";

#[tokio::test]
async fn the_month_before_is_reported_once_whatever_is_restarted() {
    let (slack, folder) = (Webhook::start(vec![Reply::status(200).body("ok")]), TempDir::new().expect("a folder"));
    // The second of January, nine o'clock in Seoul, is midnight in UTC.
    for (from, to, told) in [
        ("2025-01-01T20:00:00Z", "2025-01-01T23:59:00Z", 0),
        ("2025-01-01T23:59:30Z", "2025-01-02T00:30:00Z", 1),
        ("2025-01-02T00:40:00Z", "2025-01-02T03:00:00Z", 1),
    ] {
        watch(folder.path(), &slack.url(), MONTHLY, from, to).await;
        assert_eq!(reports(&slack), vec!["Report for December 2024"; told], "{from} to {to}");
    }
}

#[tokio::test]
async fn a_report_that_was_missed_is_sent_at_the_start_and_one_that_was_never_due_is_not() {
    let (slack, folder) = (Webhook::start(vec![Reply::status(200).body("ok")]), TempDir::new().expect("a folder"));
    for (from, to, told) in [
        // The first start: nobody has waited for the report of November.
        ("2024-12-20T00:00:00Z", "2024-12-20T01:00:00Z", 0),
        ("2025-01-09T00:00:00Z", "2025-01-09T00:15:00Z", 1),
        ("2025-01-09T01:00:00Z", "2025-01-09T01:15:00Z", 1),
    ] {
        watch(folder.path(), &slack.url(), MONTHLY, from, to).await;
        assert_eq!(reports(&slack), vec!["Report for December 2024"; told], "{from} to {to}");
    }
}

#[tokio::test]
async fn a_report_that_does_not_arrive_waits_in_the_outbox_as_it_is() {
    let refuses = Webhook::start(vec![Reply::status(503).body("later")]);
    let (slack, folder) = (Webhook::start(vec![Reply::status(200).body("ok")]), TempDir::new().expect("a folder"));
    // Everything else has been told before.
    watch(folder.path(), &slack.url(), MONTHLY, "2025-01-01T23:00:00Z", "2025-01-01T23:50:00Z").await;
    watch(folder.path(), &refuses.url(), MONTHLY, "2025-01-01T23:50:30Z", "2025-01-02T00:20:00Z").await;
    let store = Store::open_read_only(&folder.path().join("monitor.db")).await.expect("the store");
    assert!(store.backlog().await.expect("the backlog")["team"].waiting >= 1);
    store.close().await;
    assert!(!reports(&refuses).is_empty());
    fs::write(folder.path().join("alerts.toml"), tables(MONTHLY)).expect("the configuration");
    let output = monitor(folder.path()).args(["outbox", "--format", "json"]).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let outbox: Value = serde_json::from_str(&output.stdout).expect("JSON");
    schema::holds("docs/outbox.schema.json", &outbox);
    let waits = |message: &Value| {
        message["title"] == "Report for December 2024" && message["state"] == "waiting" && message["receiver"] == "team"
    };
    assert!(outbox["messages"].as_array().expect("messages").iter().any(waits), "{outbox:#}");
    watch(folder.path(), &slack.url(), MONTHLY, "2025-01-02T01:00:00Z", "2025-01-02T02:00:00Z").await;
    assert_eq!(reports(&slack), ["Report for December 2024"]);
}

#[test]
fn every_mistake_under_report_is_named_with_what_to_write() {
    for (tables, what) in [
        ("language = \"de\"", "`de` is not a value of `report.language`"),
        ("currency = { code = \"KRX\", per_usd = \"1450\" }", "`KRX` is not a currency"),
        ("currency = { code = \"USD\", per_usd = \"1\" }", "the second currency must not be USD"),
        ("currency = { code = \"KRW\", per_usd = 1450.5 }", "`report.currency.per_usd` cannot be used"),
        ("currency = { code = \"KRW\", per_usd = \"-1\" }", "`report.currency.per_usd` cannot be used"),
        ("currency = { code = \"KRW\" }", "`report.currency` needs `per_usd`"),
        ("cron = \"0 0 9 2 * *\"", "`report` has `cron` but no `tell`"),
        ("tell = [\"team\"]", "`report` has `tell` but no `cron`"),
        ("cron = \"0 9 2 * *\"\ntell = [\"team\"]", "the cron expression of `report` cannot be used"),
        ("cron = \"0 0 9 2 * *\"\ntell = [\"teem\"]", "there is no receiver `teem`"),
        ("color = true", "`color` is not a key of `report`"),
    ] {
        let text = format!("[receiver.team]\nvia.stdout = {{}}\n[report]\n{tables}\n");
        let problems = parse::<source::SourceKind, notify::ReceiverKind>(
            &text,
            &ConfigEnvironment::with(&[], PathBuf::from(".")),
            at("2024-12-01T00:00:00Z"),
        );
        let problems = problems.expect_err(tables);
        assert!(problems.len() == 1 && problems[0].what == what, "{tables}: {problems:?}");
    }
}
