//! `via.email`: SMTP with STARTTLS, with TLS from the start, or in the clear to this machine only.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use reqwest::Url;
use xxhash_rust::xxh3::xxh3_128;

use super::{Outcome, Parcel, Receiver};
use crate::core::incident::Event;
use crate::core::notification::{Line, News};
use crate::core::redact::excerpt;
use crate::core::rules::Severity;
use crate::core::secret::Secret;
use crate::core::settings::Settings;

const LIMIT: Duration = Duration::from_secs(30);

/// The settings of `via.email`.
#[derive(Debug, Clone)]
pub struct Email {
    host: String,
    port: u16,
    security: Security,
    from: Mailbox,
    to: Vec<Mailbox>,
    login: Option<(String, Secret)>,
}

/// How the connection is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    StartTls,
    Implicit,
    /// Only ever to this machine.
    Clear,
}

impl Email {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        let from_the_start = settings.text("smtp").is_some_and(|text| text.starts_with("smtps://"));
        let security = if settings.has("tls") {
            settings.word("tls", &[("starttls", Security::StartTls), ("implicit", Security::Implicit), ("none", Security::Clear)])
        } else {
            Some(if from_the_start { Security::Implicit } else { Security::StartTls })
        };
        let server = settings.required::<String>("smtp").and_then(|text| match server(&text, security.unwrap_or(Security::StartTls)) {
            Ok(server) => Some(server),
            Err(why) => {
                // It may hold a password, which is one of the mistakes.
                settings.hidden_problem("smtp", "the mail server cannot be used", why, Some("write it as smtp = \"smtp://mail.example.com:587\"".to_owned()));
                None
            }
        });
        if security == Some(Security::Clear) && server.as_ref().is_some_and(|(host, _)| !is_this_machine(host)) {
            settings.problem(
                "tls",
                "mail in the clear only goes to this machine",
                "not allowed for this server",
                Some("use tls = \"starttls\" or tls = \"implicit\"".to_owned()),
            );
        }
        let from: Option<Mailbox> = settings.required::<String>("from").and_then(|text| mailbox(settings, "from", &text));
        let to = settings.some::<String>("to").and_then(|all| all.iter().map(|text| mailbox(settings, "to", text)).collect::<Option<Vec<_>>>());
        let username: Option<String> = settings.optional("username");
        let password = settings.secret("password");
        if username.is_some() && !settings.has("password") {
            settings.problem("username", "a username without a password", "`password` is missing", Some("password = { env = \"SMTP_PASSWORD\" }".to_owned()));
        }
        let (host, port) = server?;
        let from = from?;
        let login = password.map(|password| (username.unwrap_or_else(|| from.email.to_string()), password));
        (!settings.failed()).then_some(Self { host, port, security: security?, from, to: to?, login })
    }

    pub(super) fn receiver(self) -> Result<Mailer, String> {
        let tls = || TlsParameters::new(self.host.clone()).map_err(|error| format!("TLS cannot be set up: {error}"));
        let tls = match self.security {
            Security::StartTls => Tls::Required(tls()?),
            Security::Implicit => Tls::Wrapper(tls()?),
            Security::Clear => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host).port(self.port).tls(tls).timeout(Some(LIMIT));
        if let Some((username, password)) = &self.login {
            transport = transport.credentials(Credentials::new(username.clone(), password.reveal().to_owned()));
        }
        Ok(Mailer { transport: transport.build(), settings: self })
    }
}

fn mailbox(settings: &Settings<'_, '_>, key: &str, text: &str) -> Option<Mailbox> {
    match text.parse() {
        Ok(mailbox) => Some(mailbox),
        Err(_) => {
            settings.problem(
                key,
                format!("`{text}` is not a mail address"),
                "expected an address",
                Some("write \"me@example.com\" or \"Me <me@example.com>\"".to_owned()),
            );
            None
        }
    }
}

/// Host and port of `smtp://host:port`.
fn server(text: &str, security: Security) -> Result<(String, u16), String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "smtp" | "smtps") {
        return Err("it begins with smtp://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a password does not belong into the address; use `username` and `password`".to_owned());
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it has no host")?;
    let usual = match security {
        Security::StartTls => 587,
        Security::Implicit => 465,
        Security::Clear => 25,
    };
    Ok((host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(usual)))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    settings: Email,
}

impl Mailer {
    fn mail(&self, parcel: &Parcel) -> Result<Mail, String> {
        let mut builder = Mail::builder()
            .from(self.settings.from.clone())
            .subject(subject(&parcel.message.title()))
            .date(std::time::SystemTime::from(parcel.message.at))
            // The same for every attempt at the same notification, so that whoever gets it twice can tell.
            .message_id(Some(message_id(&parcel.key, &self.settings.from)))
            .raw_header(header("Auto-Submitted", "auto-generated"));
        for to in &self.settings.to {
            builder = builder.to(to.clone());
        }
        let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(parcel.message.plain_text(parcel.zone, parcel.possible_repeat));
        let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(page(parcel).into_string());
        builder.multipart(MultiPart::alternative().singlepart(text).singlepart(html)).map_err(|error| error.to_string())
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn message_id(key: &str, from: &Mailbox) -> String {
    format!("<{:032x}@{}>", xxh3_128(key.as_bytes()), from.email.domain())
}

/// A subject in one line, short enough for every mail reader.
fn subject(title: &str) -> String {
    let line: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= 180 { line } else { line.chars().take(179).chain(['…']).collect() }
}

#[async_trait]
impl Receiver for Mailer {
    async fn send(&self, parcel: &Parcel) -> Outcome {
        let mail = match self.mail(parcel) {
            Ok(mail) => mail,
            Err(why) => return Outcome::Refused(format!("the mail cannot be written: {why}")),
        };
        match tokio::time::timeout(LIMIT * 2, self.transport.send(mail)).await {
            Err(_) => Outcome::Unknown("the mail server did not answer in time".to_owned()),
            Ok(Ok(response)) => Outcome::Delivered(response.first_line().map(excerpt)),
            Ok(Err(error)) if error.is_permanent() => Outcome::Stopped(format!("the mail server refused: {}", said(&error))),
            Ok(Err(error)) if error.is_timeout() => Outcome::Unknown(format!("the mail server: {}", said(&error))),
            Ok(Err(error)) => Outcome::Later { why: format!("the mail server: {}", said(&error)), wait: None },
        }
    }

    async fn probe(&self) -> Result<String, String> {
        match tokio::time::timeout(LIMIT, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok("the mail server answers, and takes the login".to_owned()),
            Ok(Ok(false)) => Err("the mail server answers, but not as a mail server".to_owned()),
            Ok(Err(error)) => Err(said(&error)),
            Err(_) => Err("the mail server does not answer".to_owned()),
        }
    }
}

/// What the server (or the network) said, with the inner errors that name the reason.
fn said(error: &lettre::transport::smtp::Error) -> String {
    let mut all = vec![error.to_string()];
    let mut next = std::error::Error::source(error);
    while let Some(inner) = next {
        let text = inner.to_string();
        if !all.iter().any(|known| known.contains(&text)) {
            all.push(text);
        }
        next = inner.source();
    }
    excerpt(&all.join(": "))
}

fn color(event: Event, severity: Severity) -> &'static str {
    match (event, severity) {
        (Event::Resolved | Event::Closed, _) => "#2e7d32",
        (_, Severity::Critical) => "#c62828",
        (_, Severity::Warning) => "#e65100",
        (_, Severity::Info) => "#1565c0",
    }
}

fn page(parcel: &Parcel) -> Markup {
    let message = &parcel.message;
    let main = message.news.first().map_or("#2e7d32", |news| color(news.event, news.severity));
    let when = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&parcel.zone).format("%F %T %Z").to_string();
    let rules = message.rules();
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; meta name="viewport" content="width=device-width"; title { (message.title()) } }
            body style="margin:0;padding:16px;background:#f5f5f5;font:15px/1.5 sans-serif;color:#212121" {
                div style=(PreEscaped(format!("max-width:640px;margin:0 auto;background:#fff;border-left:6px solid {main};padding:16px 20px"))) {
                    h1 style="font-size:18px;margin:0 0 12px" { (message.title()) }
                    @if let Some(counts) = message.counts() { p style="margin:0 0 10px" { (counts) } }
                    @for news in &message.news {
                        @if message.count() > 1 {
                            h2 style=(PreEscaped(format!("font-size:16px;margin:16px 0 8px;color:{}", color(news.event, news.severity)))) { (news.title()) }
                        }
                        (told(news))
                    }
                    @if !message.rest.is_empty() {
                        h2 style="font-size:16px;margin:16px 0 8px" { "Also" }
                        (list(&message.rest, |line| format!("{}, since {}", line.title(), when(line.since))))
                    }
                    @if let Some(title) = message.missed_title() {
                        h2 style="font-size:16px;margin:16px 0 8px" { (title) }
                        (list(&message.missed, |line| {
                            let until = line.until.map(|until| format!(" until {}", when(until))).unwrap_or_default();
                            format!("[{}] {}, {}{until}", line.severity.word(), line.headline, when(line.since))
                        }))
                    }
                    p style="margin:0;color:#757575;font-size:12px" {
                        "monitor, rule" @if rules.len() > 1 { "s" } " " (rules.join(", ")) ", " (when(message.at))
                        @if parcel.possible_repeat { ", possibly a repeat" }
                    }
                }
            }
        }
    }
}

/// One incident, without its title.
fn told(news: &News) -> Markup {
    let (facts, evidence) = news.details();
    html! {
        @for sentence in news.sentences() { p style="margin:0 0 10px" { (sentence) } }
        @if let Some(step) = news.next_step() { p style="margin:0 0 10px" { strong { "Next step: " } (step) } }
        @if !facts.is_empty() {
            table style="border-collapse:collapse;margin:0 0 12px" {
                @for (label, value) in facts {
                    tr { td style="padding:2px 16px 2px 0;color:#616161;vertical-align:top" { (label) } td style="padding:2px 0" { (value) } }
                }
            }
        }
        @if !evidence.is_empty() {
            pre style="background:#f5f5f5;padding:10px;font-size:12px;white-space:pre-wrap;word-break:break-word" {
                @for line in evidence { (line) "\n" }
            }
        }
        @for symptom in &news.mutes { p style="margin:0 0 10px" { "Because of it: " (symptom) } }
    }
}

fn list(lines: &[Line], shown: impl Fn(&Line) -> String) -> Markup {
    html! { ul style="margin:0 0 12px;padding-left:20px" { @for line in lines { li { (shown(line)) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_without_a_password_in_it() {
        for (text, security, expected) in [
            ("smtp://localhost:2525", Security::Clear, Ok(("localhost".to_owned(), 2525))),
            ("smtp://mail.example.com", Security::StartTls, Ok(("mail.example.com".to_owned(), 587))),
            ("smtps://mail.example.com", Security::Implicit, Ok(("mail.example.com".to_owned(), 465))),
            ("smtp://[::1]:25", Security::Clear, Ok(("::1".to_owned(), 25))),
        ] {
            assert_eq!(server(text, security), expected);
        }
        for text in ["mail.example.com:587", "http://mail.example.com", "smtp://me:hunter2@mail.example.com", "", "smtp://"] {
            let why = server(text, Security::StartTls).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }

    #[test]
    fn only_this_machine_is_this_machine() {
        for (host, is) in [("localhost", true), ("127.0.0.1", true), ("127.8.8.8", true), ("::1", true), ("10.0.0.1", false), ("localhost.evil.example", false)]
        {
            assert_eq!(is_this_machine(host), is, "{host}");
        }
    }
}
