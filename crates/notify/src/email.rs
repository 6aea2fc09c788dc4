//! `via.email`: SMTP with STARTTLS, with implicit TLS, or unencrypted to this machine only.

use std::sync::{Mutex, PoisonError};

use alerting::outbox::ThreadSupport;
use async_trait::async_trait;
use lettre::Address;
use lettre::message::Mailbox;
use model::secret::Secret;
use model::settings::TableReader;
use reqwest::Url;

use super::email_form::mail;
use super::email_partly::{MailOutcome, RetryState};
use super::smtp::{SmtpSecurity, SmtpServer};
use super::{DeliveryOutcome, DeliveryRequest, Receiver};

/// The settings of `via.email`.
#[derive(Debug, Clone)]
pub struct Email {
    host: String,
    port: u16,
    security: SmtpSecurity,
    from: Mailbox,
    to: Vec<Mailbox>,
    login: Option<(String, Secret)>,
}

impl Email {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let from_the_start = settings.text("smtp").is_some_and(|text| text.starts_with("smtps://"));
        let security = if settings.has("tls") {
            settings.word(
                "tls",
                &[
                    ("starttls", SmtpSecurity::StartTls),
                    ("implicit", SmtpSecurity::Implicit),
                    ("none", SmtpSecurity::Clear),
                ],
            )
        } else {
            Some(if from_the_start { SmtpSecurity::Implicit } else { SmtpSecurity::StartTls })
        };
        let server = settings.required::<String>("smtp").and_then(|text| {
            match server(&text, security.unwrap_or(SmtpSecurity::StartTls)) {
                Ok(server) => Some(server),
                Err(why) => {
                    // It may hold a password, which is one of the mistakes.
                    settings.hidden_problem(
                        "smtp",
                        "`smtp` is not valid",
                        why,
                        Some("write it as smtp = \"smtp://mail.example.com:587\"".to_owned()),
                    );
                    None
                }
            }
        });
        if security == Some(SmtpSecurity::Clear) && server.as_ref().is_some_and(|(host, _)| !is_this_machine(host)) {
            settings.problem(
                "tls",
                "unencrypted mail is only allowed to this machine",
                "`none` is not allowed for this server",
                Some("use tls = \"starttls\" or tls = \"implicit\"".to_owned()),
            );
        }
        let from: Option<Mailbox> =
            settings.required::<String>("from").and_then(|text| mailbox(settings, "from", &text));
        let to = settings
            .some::<String>("to")
            .and_then(|all| all.iter().map(|text| mailbox(settings, "to", text)).collect::<Option<Vec<_>>>());
        let username: Option<String> = settings.optional("username");
        let password = settings.secret("password");
        if username.is_some() && !settings.has("password") {
            settings.problem(
                "username",
                "`username` needs `password`",
                "`password` is missing",
                Some("password = { env = \"SMTP_PASSWORD\" }".to_owned()),
            );
        }
        let (host, port) = server?;
        let from = from?;
        let login = password.map(|password| (username.unwrap_or_else(|| from.email.to_string()), password));
        (!settings.failed()).then_some(Self { host, port, security: security?, from, to: to?, login })
    }

    pub(super) fn receiver(self) -> Result<EmailReceiver, String> {
        let server = SmtpServer::new(self.host, self.port, self.security, self.login)?;
        Ok(EmailReceiver { server, from: self.from, to: self.to, partly: Mutex::default() })
    }
}

fn mailbox(settings: &TableReader<'_, '_>, key: &str, text: &str) -> Option<Mailbox> {
    match text.parse() {
        Ok(mailbox) => Some(mailbox),
        Err(_) => {
            settings.problem(
                key,
                format!("`{text}` is not an email address"),
                "expected an address",
                Some("write \"me@example.com\" or \"Me <me@example.com>\"".to_owned()),
            );
            None
        }
    }
}

/// Host and port of `smtp://host:port`.
fn server(text: &str, security: SmtpSecurity) -> Result<(String, u16), String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "smtp" | "smtps") {
        return Err("must begin with smtp://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a password; use `username` and `password`".to_owned());
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("has no host")?;
    let usual = match security {
        SmtpSecurity::StartTls => 587,
        SmtpSecurity::Implicit => 465,
        SmtpSecurity::Clear => 25,
    };
    Ok((host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(usual)))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

pub(super) struct EmailReceiver {
    server: SmtpServer,
    from: Mailbox,
    to: Vec<Mailbox>,
    partly: Mutex<RetryState>,
}

impl EmailReceiver {
    fn partly<T>(&self, look: impl FnOnce(&mut RetryState) -> T) -> T {
        look(&mut self.partly.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Receiver for EmailReceiver {
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome {
        let (have_it, certain) = self.partly(|partly| partly.of(&parcel.key));
        let to: Vec<Address> =
            self.to.iter().map(|one| one.email.clone()).filter(|address| !have_it.contains(address)).collect();
        let content = match mail(parcel, parcel.possible_repeat && !certain, &self.from, &self.to) {
            Ok(content) => content,
            Err(why) => return DeliveryOutcome::Refused(format!("the mail cannot be built: {why}")),
        };
        let told = match self.server.tell(&self.from.email, &to, &content).await {
            Ok(told) => told,
            Err(outcome) => {
                return match self.partly(|partly| partly.failed(&parcel.key, &outcome)) {
                    Some(note) => DeliveryOutcome::Delivered(Some(note)),
                    None => outcome,
                };
            }
        };
        for (address, why) in &told.refused {
            tracing::warn!("the mail server rejects mail to {address}: {why}");
        }
        match self.partly(|partly| partly.judge(&parcel.key, parcel.possible_repeat, told)) {
            MailOutcome::Delivered(receipt) => DeliveryOutcome::Delivered(receipt),
            MailOutcome::Nobody(why) => DeliveryOutcome::Stopped(format!(
                "the mail server rejects all addresses ({why}); check `to`, `from` and the login"
            )),
            MailOutcome::NobodyYet(why) => {
                DeliveryOutcome::Later { why: format!("the mail server does not accept mail now: {why}"), wait: None }
            }
            MailOutcome::SomeNotYet(why) => {
                DeliveryOutcome::Unknown(format!("the mail was delivered to some addresses only: {why}"))
            }
        }
    }

    async fn probe(&self) -> Result<String, String> {
        self.server.probe().await
    }

    fn threads(&self) -> ThreadSupport {
        ThreadSupport::Replies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_without_a_password_in_it() {
        for (text, security, expected) in [
            ("smtp://localhost:2525", SmtpSecurity::Clear, Ok(("localhost".to_owned(), 2525))),
            ("smtp://mail.example.com", SmtpSecurity::StartTls, Ok(("mail.example.com".to_owned(), 587))),
            ("smtps://mail.example.com", SmtpSecurity::Implicit, Ok(("mail.example.com".to_owned(), 465))),
            ("smtp://[::1]:25", SmtpSecurity::Clear, Ok(("::1".to_owned(), 25))),
        ] {
            assert_eq!(server(text, security), expected);
        }
        for text in
            ["mail.example.com:587", "http://mail.example.com", "smtp://me:hunter2@mail.example.com", "", "smtp://"]
        {
            let why = server(text, SmtpSecurity::StartTls).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }

    #[test]
    fn only_this_machine_is_this_machine() {
        for (host, is) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("localhost.evil.example", false),
        ] {
            assert_eq!(is_this_machine(host), is, "{host}");
        }
    }
}
