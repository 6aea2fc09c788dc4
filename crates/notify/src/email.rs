//! `via.email`: SMTP with STARTTLS, with TLS from the start, or in the clear to this machine only.

use std::sync::{Mutex, PoisonError};

use alerting::outbox::Threads;
use async_trait::async_trait;
use lettre::Address;
use lettre::message::Mailbox;
use model::secret::Secret;
use model::settings::Settings;
use reqwest::Url;

use super::email_form::mail;
use super::email_partly::{Partly, Verdict};
use super::smtp::{Security, Server};
use super::{Outcome, Parcel, Receiver};

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
        let server = Server::new(self.host, self.port, self.security, self.login)?;
        Ok(Mailer { server, from: self.from, to: self.to, partly: Mutex::default() })
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
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
    partly: Mutex<Partly>,
}

impl Mailer {
    fn partly<T>(&self, look: impl FnOnce(&mut Partly) -> T) -> T {
        look(&mut self.partly.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Receiver for Mailer {
    async fn send(&self, parcel: &Parcel) -> Outcome {
        let (have_it, certain) = self.partly(|partly| partly.of(&parcel.key));
        let to: Vec<Address> = self.to.iter().map(|one| one.email.clone()).filter(|address| !have_it.contains(address)).collect();
        let content = match mail(parcel, parcel.possible_repeat && !certain, &self.from, &self.to) {
            Ok(content) => content,
            Err(why) => return Outcome::Refused(format!("the mail cannot be written: {why}")),
        };
        let told = match self.server.tell(&self.from.email, &to, &content).await {
            Ok(told) => told,
            Err(outcome) => {
                return match self.partly(|partly| partly.failed(&parcel.key, &outcome)) {
                    Some(note) => Outcome::Delivered(Some(note)),
                    None => outcome,
                };
            }
        };
        for (address, why) in &told.refused {
            tracing::warn!("the mail server will not take mail to {address}: {why}");
        }
        match self.partly(|partly| partly.judge(&parcel.key, parcel.possible_repeat, told)) {
            Verdict::Delivered(receipt) => Outcome::Delivered(receipt),
            Verdict::Nobody(why) => Outcome::Stopped(format!("the mail server takes mail to none of the addresses ({why}); check `to`, `from` and the login")),
            Verdict::NobodyYet(why) => Outcome::Later { why: format!("the mail server takes no mail yet: {why}"), wait: None },
            Verdict::SomeNotYet(why) => Outcome::Unknown(format!("the mail has arrived, but not everywhere: {why}")),
        }
    }

    async fn probe(&self) -> Result<String, String> {
        self.server.probe().await
    }

    fn threads(&self) -> Threads {
        Threads::Replies
    }
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
