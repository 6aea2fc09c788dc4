//! `via.email` with servers that accept a mail for all, some or none of its addresses.

use std::sync::Arc;

use alerting::incident::IncidentEvent;
use notify::Receiver;

use crate::support::mail::{MailOptions, MailServer};
use crate::support::receivers::{again, following, parcel, receiver, word};
use crate::world::SOON;

const TO: &str = "\"a@stepby.one\", \"b@stepby.one\", \"c@stepby.one\"";

/// A receiver that sends there, with a login if the server wants one.
fn mailer(server: &MailServer, login: bool) -> Arc<dyn Receiver> {
    let login = if login { ", username = \"me\", password = { file = \"password\" }" } else { "" };
    let port = server.port();
    let settings = format!(
        "via.email = {{ smtp = \"smtp://127.0.0.1:{port}\", tls = \"none\", from = \"monitor@stepby.one\", to = [{TO}]{login} }}"
    );
    receiver(&settings, &[("password", "hunter2hunter2")])
}

/// Who a mail went to, by the envelope.
fn envelope(mail: &str) -> &str {
    mail.lines().find_map(|line| line.strip_prefix("X-RcptTo: ")).unwrap_or_default()
}

fn message_id(mail: &str) -> &str {
    mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or_default()
}

fn address(name: &str) -> String {
    format!("{name}@stepby.one")
}

#[tokio::test]
async fn every_answer_of_a_mail_server_has_its_outcome() {
    let usual = MailOptions::default;
    let login = Some(("me".to_owned(), "other".to_owned()));
    for (options, with_login, outcomes, said, mails) in [
        (usual(), false, ["delivered", "delivered"], "250", 2),
        (
            MailOptions { refuse: Some(address("b")), ..usual() },
            false,
            ["delivered", "delivered"],
            "not delivered to b@stepby.one: permanent error (550)",
            2,
        ),
        (
            MailOptions { refuse: Some("*".to_owned()), ..usual() },
            false,
            ["stopped", "stopped"],
            "rejects all addresses",
            0,
        ),
        (MailOptions { greylist: 1, ..usual() }, false, ["later", "delivered"], "451", 1),
        (
            MailOptions { sender_answer: Some("550 5.7.1 not from you"), ..usual() },
            false,
            ["stopped", "stopped"],
            "check `from` and the login",
            0,
        ),
        (MailOptions { sender_answer: Some("451 4.3.0 not now"), ..usual() }, false, ["later", "later"], "451", 0),
        (
            MailOptions { content_answer: Some("554 5.7.1 looks like spam"), ..usual() },
            false,
            ["refused", "refused"],
            "554",
            0,
        ),
        (MailOptions { content_answer: Some("451 4.3.0 try again"), ..usual() }, false, ["later", "later"], "451", 0),
        (MailOptions { content_answer: Some("452 4.3.1 disk full"), ..usual() }, false, ["later", "later"], "452", 0),
        (
            MailOptions { drop_after_data: 1, keep_dropped: true, ..usual() },
            false,
            ["unknown", "delivered"],
            "after the mail was sent",
            2,
        ),
        (MailOptions { drop_after_data: 1, ..usual() }, false, ["unknown", "delivered"], "after the mail was sent", 1),
        (
            MailOptions { login: login.clone(), login_in_clear: true, ..usual() },
            true,
            ["stopped", "stopped"],
            "check `username` and `password`",
            0,
        ),
        (
            MailOptions { login: login.clone(), ..usual() },
            true,
            ["stopped", "stopped"],
            "supports no known login method",
            0,
        ),
        (MailOptions { login, login_in_clear: true, ..usual() }, false, ["stopped", "stopped"], "530", 0),
    ] {
        let server = MailServer::start(options.clone()).await;
        let (mailer, one) = (mailer(&server, with_login), parcel("one", IncidentEvent::Firing));
        let attempts = [word(&mailer.send(&one).await), word(&mailer.send(&again(&one)).await)];
        assert_eq!([attempts[0].0.as_str(), attempts[1].0.as_str()], outcomes, "{options:?}: {attempts:?}");
        assert!(attempts[0].1.contains(said) && !attempts[0].1.contains("hunter2"), "{options:?}: {attempts:?}");
        let kept = server.wait_for(mails, SOON).await;
        assert_eq!(kept.len(), mails, "{options:?}");
        assert!(
            kept.iter().all(|mail| message_id(mail) == message_id(&kept[0])),
            "a repeat can be told by its id: {kept:?}"
        );
    }
}

#[tokio::test]
async fn who_is_refused_is_named_and_the_others_get_the_mail() {
    let server = MailServer::start(MailOptions { refuse: Some(address("b")), ..MailOptions::default() }).await;
    let (kind, said) = word(&mailer(&server, false).send(&parcel("one", IncidentEvent::Firing)).await);
    assert!(
        kind == "delivered" && said.contains("not delivered to b@stepby.one") && !said.contains("a@stepby.one"),
        "{said}"
    );
    let mails = server.wait_for(1, SOON).await;
    assert_eq!(envelope(&mails[0]), "a@stepby.one, c@stepby.one");
    // Everybody sees who it was meant for.
    assert!(mails[0].contains("To: a@stepby.one, b@stepby.one, c@stepby.one"), "{}", mails[0]);
}

#[tokio::test]
async fn who_is_put_off_gets_the_mail_later_and_the_others_do_not_get_it_again() {
    let server = MailServer::start(MailOptions { full: Some((address("b"), 2)), ..MailOptions::default() }).await;
    let (mailer, one) = (mailer(&server, false), parcel("one", IncidentEvent::Firing));
    let mut said = vec![word(&mailer.send(&one).await)];
    for _ in 0..2 {
        said.push(word(&mailer.send(&again(&one)).await));
    }
    assert_eq!(
        said.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(),
        ["unknown", "unknown", "delivered"],
        "{said:?}"
    );
    assert!(said[0].1.contains("not delivered to b@stepby.one: transient error (452)"), "{said:?}");
    let mails = server.wait_for(2, SOON).await;
    assert_eq!(
        mails.iter().map(|mail| envelope(mail)).collect::<Vec<_>>(),
        ["a@stepby.one, c@stepby.one", "b@stepby.one"]
    );
    assert_eq!(message_id(&mails[0]), message_id(&mails[1]));
    // It has not had it before, and that is known.
    assert!(mails.iter().all(|mail| !mail.replace("=\r\n", "").contains("possibly a repeat")), "{mails:?}");
}

#[tokio::test]
async fn a_repeat_after_a_lost_answer_says_so_and_has_the_same_id() {
    let server =
        MailServer::start(MailOptions { drop_after_data: 1, keep_dropped: true, ..MailOptions::default() }).await;
    let (mailer, one) = (mailer(&server, false), parcel("one", IncidentEvent::Firing));
    mailer.send(&one).await;
    mailer.send(&again(&one)).await;
    let mails = server.wait_for(2, SOON).await;
    assert_eq!(
        mails.iter().map(|mail| mail.replace("=\r\n", "").contains("possibly a repeat")).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(message_id(&mails[0]), message_id(&mails[1]));
}

#[tokio::test]
async fn a_mail_that_follows_another_is_a_reply_to_it() {
    let server = MailServer::start(MailOptions::default()).await;
    let (mailer, root) = (mailer(&server, false), parcel("root", IncidentEvent::Firing));
    mailer.send(&root).await;
    mailer.send(&following("root", IncidentEvent::Resolved, &root, None)).await;
    let mails = server.wait_for(2, SOON).await;
    let id = message_id(&mails[0]);
    for header in ["In-Reply-To", "References"] {
        assert!(mails[1].contains(&format!("{header}: {id}\r\n")), "{}", mails[1]);
    }
    assert!(
        mails[0].contains("Subject: [critical] root: 3 errors\r\n")
            && mails[1].contains("Subject: Re: [resolved] root: 3 errors\r\n")
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_or_never_greets_is_tried_again() {
    let server = MailServer::start(MailOptions { silent: true, ..MailOptions::default() }).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port nobody listens on")
        .port();
    let dead = format!(
        "via.email = {{ smtp = \"smtp://127.0.0.1:{port}\", tls = \"none\", from = \"a@stepby.one\", to = [\"b@stepby.one\"] }}"
    );
    let (dead, silent, one) = (receiver(&dead, &[]), mailer(&server, false), parcel("one", IncidentEvent::Firing));
    let (dead, silent) = tokio::join!(dead.send(&one), silent.send(&one));
    let (dead, silent) = (word(&dead), word(&silent));
    assert!(
        dead.0 == "later" && silent.0 == "later" && silent.1.contains("did not answer in time"),
        "{dead:?}, {silent:?}"
    );
}
