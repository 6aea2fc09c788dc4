//! Receivers that are slow, refuse, or answer wrongly: each has its outcome, and no message is lost or sent twice.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::mail::{MailOptions, MailServer, Tls};
use crate::support::program::{Output, monitor};
use crate::support::slack_api::{CHANNEL, SlackApi, TOKEN};
use crate::support::stack::aws_env;
use crate::support::webhook::{Reply, Webhook};
use crate::world::SOON;

/// A folder whose configuration has one source that fails, which is told to `team`.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let tables = "[watch.backend]\nevery = \"1m\"\nread.lambda_logs = { functions = [\"f\"] }\n[receiver.team]\nvia.slack = { webhook = { env = \"HOOK\" } }\n";
    fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    folder
}

fn once(folder: &Path, slack: &Webhook) -> Output {
    let output = monitor(folder)
        .args(["run", "--once"])
        .envs(aws_env("http://127.0.0.1:9", &[]))
        .env("HOOK", format!("{}/services/secret", slack.url()))
        .run();
    assert!(!output.stderr.contains("services/secret"), "{}", output.stderr);
    output
}

#[test]
fn a_message_waits_while_slack_is_down_and_arrives_once() {
    let slack = Webhook::start(vec![Reply::status(500), Reply::Close, Reply::status(200).body("ok")]);
    let folder = folder();
    for (attempts, said) in [(1, "Slack answered 500"), (2, "Slack cannot be reached")] {
        let output = once(folder.path(), &slack);
        assert!(output.stderr.contains(said), "{}", output.stderr);
        assert_eq!((output.code, slack.requests().len()), (Some(2), attempts));
    }
    assert!(!once(folder.path(), &slack).stderr.contains("are still waiting"));
    once(folder.path(), &slack);
    assert_eq!(slack.requests().len(), 3);
}

#[test]
fn slacks_wish_to_wait_is_not_overheard() {
    let slack = Webhook::start(vec![Reply::status(429).header("Retry-After", "600"), Reply::status(200).body("ok")]);
    let folder = folder();
    for _ in 0..3 {
        let output = once(folder.path(), &slack);
        assert!(
            output.code == Some(2) && output.stderr.contains("Slack limits the rate of requests (429)"),
            "{}",
            output.stderr
        );
    }
    assert_eq!(slack.requests().len(), 1);
}

#[test]
fn an_answer_other_than_ok_is_no_delivery() {
    for (reply, said) in [
        (Reply::status(200).body("<html>please log in</html>"), "not `ok`"),
        (Reply::status(404).body("no_service"), "Slack refused the message (404: no_service)"),
        (Reply::status(302).header("Location", "http://127.0.0.1:9/elsewhere"), "redirects are not followed"),
        (Reply::Hang, "Slack did not answer in time"),
    ] {
        let slack = Webhook::start(vec![reply]);
        let output = once(folder().path(), &slack);
        assert!(output.code == Some(2) && output.stderr.contains(said), "{said}: {}", output.stderr);
        assert_eq!(slack.requests().len(), 1);
    }
}

#[test]
fn a_message_without_an_answer_is_repeated_as_a_possible_repeat() {
    let slack = Webhook::start(vec![Reply::Close, Reply::status(500), Reply::status(200).body("ok")]);
    let folder = folder();
    for _ in 0..4 {
        once(folder.path(), &slack);
    }
    let marked: Vec<bool> = slack.requests().iter().map(|request| request.body.contains("possible repeat")).collect();
    assert_eq!(marked, [false, true, true], "what the second attempt is told says nothing about the first");
}

#[test]
fn a_message_that_is_refused_does_not_hold_up_the_others() {
    let slack = Webhook::start(vec![
        Reply::status(400).body("invalid_blocks"),
        Reply::status(400).body("invalid_blocks"),
        Reply::status(200).body("ok"),
    ]);
    let folder = folder();
    let output = once(folder.path(), &slack);
    assert!(
        output.code == Some(2) && output.stderr.contains("Slack refused the message (400: invalid_blocks)"),
        "{}",
        output.stderr
    );
    assert_eq!(slack.requests().len(), 1, "it is not tried again at once");
    let two = fs::read_to_string(folder.path().join("alerts.toml"))
        .expect("the file")
        .replace("[receiver", "[watch.spend]\nevery = \"1h\"\nread.cost_explorer = {}\n[receiver");
    fs::write(folder.path().join("alerts.toml"), two).expect("the configuration");
    assert_eq!(once(folder.path(), &slack).code, Some(2));
    let about: Vec<[bool; 2]> = slack
        .requests()
        .iter()
        .map(|request| ["watch.backend", "watch.spend"].map(|name| request.body.contains(name)))
        .collect();
    assert_eq!(
        about,
        [[true, false], [true, false], [false, true]],
        "what was refused is tried once in a pass, and what is new does not wait for it"
    );
}

/// Sends a test mail to a server with these options, with settings for the receiver.
async fn mailed(options: MailOptions, settings: &str, trusted: bool) -> (Output, MailServer) {
    let server = MailServer::start(options).await;
    let folder = TempDir::new().expect("a folder");
    let receiver = format!(
        "[receiver.me]\nvia.email = {{ smtp = \"smtp://localhost:{}\", from = \"Monitor <monitor@stepby.one>\", to = [\"me@stepby.one\", \"you@stepby.one\"], {settings} }}\n",
        server.port()
    );
    fs::write(folder.path().join("alerts.toml"), receiver).expect("the configuration");
    let mut program = monitor(folder.path()).args(["send-test", "me"]).env("SMTP_PASSWORD", "hunter2");
    if trusted {
        program = program.env("SSL_CERT_FILE", server.ca_pem());
    }
    let output = tokio::task::spawn_blocking(|| program.run()).await.expect("the program");
    assert!(!output.stderr.contains("hunter2") && !output.stdout.contains("hunter2"), "{}", output.stderr);
    (output, server)
}

#[tokio::test]
async fn mail_is_sent_over_every_kind_of_connection() {
    let login = Some(("me".to_owned(), "hunter2".to_owned()));
    for (options, settings) in [
        (MailOptions::default(), "tls = \"none\""),
        (MailOptions { tls: Tls::Starttls, ..MailOptions::default() }, "tls = \"starttls\""),
        (
            MailOptions { tls: Tls::Implicit, login: login.clone(), ..MailOptions::default() },
            "tls = \"implicit\", username = \"me\", password = { env = \"SMTP_PASSWORD\" }",
        ),
        (
            MailOptions { tls: Tls::Starttls, login, ..MailOptions::default() },
            "username = \"me\", password = { env = \"SMTP_PASSWORD\" }",
        ),
    ] {
        let (output, server) = mailed(options, settings, true).await;
        assert_eq!(output.code, Some(0), "{settings}: {}", output.stderr);
        // The body is quoted-printable, which breaks long lines with an equals sign.
        let mails: Vec<String> =
            server.wait_for(1, SOON).await.iter().map(|mail| mail.replace("=\r\n", "").replace("=\n", "")).collect();
        for part in [
            "Subject: [info] This is a test message from monitor",
            "Message-ID: <",
            "@stepby.one>",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain",
            "Content-Type: text/html",
            "&lt;b&gt;not bold&lt;/b&gt;",
            "to: me@stepby.one",
            "you@stepby.one",
        ] {
            assert!(mails[0].to_lowercase().contains(&part.to_lowercase()), "`{part}` is not in:\n{}", mails[0]);
        }
    }
}

#[tokio::test]
async fn mail_that_cannot_be_sent_says_why() {
    let starttls = || MailOptions { tls: Tls::Starttls, ..MailOptions::default() };
    let wrong = Some(("me".to_owned(), "other".to_owned()));
    for (options, settings, trusted, said) in [
        (starttls(), "tls = \"starttls\"", false, "certificate"),
        (MailOptions::default(), "tls = \"starttls\"", false, "STARTTLS"),
        (
            MailOptions { login: wrong, tls: Tls::Starttls, ..MailOptions::default() },
            "username = \"me\", password = { env = \"SMTP_PASSWORD\" }",
            true,
            "535",
        ),
        (MailOptions { refuse: Some("*".to_owned()), ..MailOptions::default() }, "tls = \"none\"", true, "550"),
        (MailOptions { greylist: 1, ..MailOptions::default() }, "tls = \"none\"", true, "451"),
    ] {
        let (output, server) = mailed(options, settings, trusted).await;
        assert!(output.code == Some(2) && output.stderr.contains(said), "{settings}, {said}: {}", output.stderr);
        assert!(server.mails().is_empty());
    }
}

#[tokio::test]
async fn mail_that_one_of_two_is_refused_goes_to_the_other_and_says_so() {
    let refuse = Some("you@stepby.one".to_owned());
    let (output, server) = mailed(MailOptions { refuse, ..MailOptions::default() }, "tls = \"none\"", true).await;
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stdout.contains("not delivered to you@stepby.one: permanent error (550)")
            && output.stderr.contains("you@stepby.one"),
        "{output:?}"
    );
    assert!(server.wait_for(1, SOON).await[0].contains("X-RcptTo: me@stepby.one\r\n"));
}

#[test]
fn a_picture_is_shown_below_the_test_message_where_that_can_be_done() {
    let (slack, webhook) = (SlackApi::start(), Webhook::start(vec![Reply::status(200).body("ok")]));
    let folder = TempDir::new().expect("a folder");
    let tables = format!(
        "[receiver.app]\n{}\n[receiver.hook]\nvia.slack = {{ webhook = {{ env = \"HOOK\" }} }}\n",
        slack.settings()
    );
    fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    fs::write(folder.path().join("chart.png"), b"\x89PNG\r\n\x1a\n and more").expect("a picture");
    fs::write(folder.path().join("chart.gif"), b"GIF89a").expect("no picture");
    for (receiver, picture, code, said) in [
        ("app", "chart.png", 0, "app accepted it: C0123456789:"),
        ("hook", "chart.png", 2, "cannot show images"),
        ("app", "chart.gif", 64, "chart.gif is not a PNG file"),
        ("app", "none.png", 64, "none.png cannot be read"),
    ] {
        let program = monitor(folder.path()).args(["send-test", receiver, "--picture", picture]);
        let output = program.env("SLACK_BOT_TOKEN", TOKEN).env("HOOK", webhook.url()).run();
        assert!(
            output.code == Some(code) && format!("{}{}", output.stdout, output.stderr).contains(said),
            "{receiver}, {picture}: {output:?}"
        );
        assert!(!format!("{output:?}").contains(TOKEN), "{output:?}");
    }
    let root = slack.messages()[0].ts.clone();
    let files: Vec<_> = slack.files().into_iter().map(|file| (file.name, file.came, file.shown)).collect();
    assert_eq!(files, [("chart.png".to_owned(), 17, Some((CHANNEL.to_owned(), Some(root))))]);
    assert_eq!((slack.messages().len(), webhook.requests().len()), (1, 1));
}

#[tokio::test]
async fn mail_to_a_dead_server_waits_in_the_outbox() {
    let folder = TempDir::new().expect("a folder");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port nobody listens on")
        .port();
    let configure = |port: u16| {
        let tables = format!(
            "[watch.backend]\nevery = \"1m\"\nread.lambda_logs = {{ functions = [\"f\"] }}\n[receiver.me]\nvia.email = {{ smtp = \"smtp://127.0.0.1:{port}\", tls = \"none\", from = \"a@stepby.one\", to = [\"b@stepby.one\"] }}\n"
        );
        fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    };
    let once = || {
        monitor(folder.path())
            .args(["run", "--once"])
            .envs(aws_env("http://127.0.0.1:9", &[]))
            .limit(Duration::from_secs(60))
            .run()
    };
    configure(port);
    assert!(once().stderr.contains("messages for receiver me are still waiting"));
    let server = MailServer::start(MailOptions::default()).await;
    configure(server.port());
    once();
    once();
    assert_eq!(server.wait_for(1, SOON).await.len(), 1);
}
