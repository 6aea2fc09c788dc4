//! The mail server in each of its moods, with Python's own client as the sender.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::support::install;
use crate::support::mail::{MailOptions, MailServer, Tls};

const LIMIT: Duration = Duration::from_secs(10);

/// Prints `sent`, or what went wrong.
const SENDER: &str = r#"
import smtplib, ssl, sys
port, tls, ca, login, text = sys.argv[1:]
try:
    trust = ssl.create_default_context(cafile=ca) if tls != "None" else None
    if tls == "Implicit":
        client = smtplib.SMTP_SSL("127.0.0.1", int(port), timeout=5, context=trust)
    else:
        client = smtplib.SMTP("127.0.0.1", int(port), timeout=5)
    if tls == "Starttls":
        client.starttls(context=trust)
    if login:
        client.login(*login.split(":"))
    client.sendmail("from@test", ["to@test"], f"Subject: {text}\r\n\r\n{text}\r\n")
    print("sent")
except Exception as problem:
    print(type(problem).__name__, problem)
"#;

/// Sends one mail the way `tls` says; the sender's own words.
fn send(server: &MailServer, tls: Tls, login: &str, text: &str) -> String {
    let output = Command::new(install::python())
        .args(["-c", SENDER, &server.port().to_string(), &format!("{tls:?}")])
        .arg(server.ca_pem())
        .args([login, text])
        .output()
        .expect("run the sender");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).trim_end().to_owned()
}

#[tokio::test]
async fn an_honest_server_keeps_mails_in_order() {
    let server = MailServer::start(MailOptions::default()).await;
    for text in ["one", "two"] {
        assert_eq!(send(&server, Tls::None, "", text), "sent");
    }
    let mails = server.wait_for(2, LIMIT).await;
    let head = "X-MailFrom: from@test\r\nX-RcptTo: to@test\r\n";
    assert_eq!(mails[0], format!("{head}Subject: one\r\n\r\none\r\n"));
    assert!(mails[1].contains("Subject: two"), "{}", mails[1]);
}

#[tokio::test]
async fn encryption_and_login_are_demanded() {
    for tls in [Tls::Starttls, Tls::Implicit] {
        let login = Some(("user".to_owned(), "secret".to_owned()));
        let server = MailServer::start(MailOptions { tls, login, ..MailOptions::default() }).await;
        assert_eq!(send(&server, tls, "user:secret", "right"), "sent");
        let wrong = send(&server, tls, "user:guess", "wrong");
        assert!(wrong.starts_with("SMTPAuthenticationError (535"), "{wrong}");
        let nobody = send(&server, tls, "", "nobody");
        assert!(nobody.starts_with("SMTPSenderRefused (530"), "{nobody}");
        if tls == Tls::Starttls {
            let plain = send(&server, Tls::None, "", "plain");
            assert!(plain.contains("(530"), "{plain}");
        }
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_login_in_clear_is_taken_only_if_allowed() {
    for (login_in_clear, expected) in [(true, "sent"), (false, "SMTPNotSupportedError")] {
        let login = Some(("user".to_owned(), "secret".to_owned()));
        let options = MailOptions { login, login_in_clear, ..MailOptions::default() };
        let server = MailServer::start(options).await;
        let said = send(&server, Tls::None, "user:secret", "clear");
        assert!(said.starts_with(expected), "{said}");
    }
}

#[tokio::test]
async fn refusals() {
    let refuse = Some("to@test".to_owned());
    let options = MailOptions { greylist: 2, refuse, ..MailOptions::default() };
    let server = MailServer::start(options).await;
    let said: Vec<String> = (0..3).map(|_| send(&server, Tls::None, "", "again")).collect();
    assert!(said[0].contains("451, b'4.7.1 Greylisted"), "{said:?}");
    assert!(said[1].contains("451, b'4.7.1 Greylisted"), "{said:?}");
    assert!(said[2].contains("550, b'5.1.1 No such mailbox"), "{said:?}");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_dropped_delivery_is_kept_or_lost() {
    for (keep_dropped, kept) in [(true, 2), (false, 1)] {
        let options = MailOptions { drop_after_data: 1, keep_dropped, ..MailOptions::default() };
        let server = MailServer::start(options).await;
        let dropped = send(&server, Tls::None, "", "dropped");
        assert!(dropped.starts_with("SMTPServerDisconnected"), "{dropped}");
        assert_eq!(send(&server, Tls::None, "", "second"), "sent");
        assert_eq!(server.wait_for(kept, LIMIT).await.len(), kept);
    }
}

#[tokio::test]
async fn a_silent_server_never_greets() {
    let server = MailServer::start(MailOptions { silent: true, ..MailOptions::default() }).await;
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    let patience = Some(Duration::from_millis(300));
    stream.set_read_timeout(patience).expect("a read timeout");
    let heard = stream.read(&mut [0]).expect_err("silence");
    let silence = [ErrorKind::WouldBlock, ErrorKind::TimedOut];
    assert!(silence.contains(&heard.kind()), "{heard}");
}
