//! One conversation with a mail server. It is led command by command, so that each answer is known for what it was about: one
//! address, the login, or the mail itself; and whether the mail was on its way when the connection broke.

use std::future::Future;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use model::redact::excerpt;
use model::secret::Secret;

use super::Outcome;

/// Everything up to the mail itself, and the mail itself, end within this each.
const LIMIT: Duration = Duration::from_secs(30);
/// A server is not waited for to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// How the connection is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    StartTls,
    Implicit,
    /// Only ever to this machine.
    Clear,
}

pub(super) struct Server {
    host: String,
    port: u16,
    tls: Tls,
    login: Option<(String, Secret)>,
}

/// [`Security`], with what it needs.
enum Tls {
    Start(TlsParameters),
    Implicit(TlsParameters),
    None,
}

/// What a server that has taken a mail, or would take none, has said to each address.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Who gets the mail. If it is nobody, there was no mail.
    pub(super) took: Vec<Address>,
    /// Who never will, with the server's words.
    pub(super) refused: Vec<(Address, String)>,
    /// Who may later, with the server's words.
    pub(super) put_off: Vec<(Address, String)>,
    /// What the server said to the mail.
    pub(super) answer: String,
}

impl Server {
    pub(super) fn new(host: String, port: u16, security: Security, login: Option<(String, Secret)>) -> Result<Self, String> {
        let parameters = || TlsParameters::new(host.clone()).map_err(|error| format!("TLS cannot be set up: {error}"));
        let tls = match security {
            Security::StartTls => Tls::Start(parameters()?),
            Security::Implicit => Tls::Implicit(parameters()?),
            Security::Clear => Tls::None,
        };
        Ok(Self { host, port, tls, login })
    }

    /// Hands a mail over for these addresses. The error is the outcome where nobody has got it, or where that is not known.
    pub(super) async fn tell(&self, from: &Address, to: &[Address], content: &[u8]) -> Result<Told, Outcome> {
        let beginning = async {
            let mut server = self.connect().await?;
            let told = addressed(&mut server, from, to, content).await?;
            if told.took.is_empty() {
                return Ok((server, told));
            }
            server.command(Data).await.map_err(|error| meaning("the mail", &error, Outcome::Refused))?;
            Ok((server, told))
        };
        let (mut server, mut told) = in_time(beginning).await.unwrap_or_else(|| Err(later("the mail server did not answer in time".to_owned())))?;
        if !told.took.is_empty() {
            let taken = in_time(server.message(content)).await;
            told.answer = match taken {
                Some(Ok(response)) => first_line(&response),
                Some(Err(error)) if error.is_permanent() || error.is_transient() => return Err(meaning("the mail", &error, Outcome::Refused)),
                Some(Err(error)) => return Err(Outcome::Unknown(format!("the mail server broke off after it had been sent the mail: {}", said(&error)))),
                None => return Err(Outcome::Unknown("the mail server did not answer in time after it had been sent the mail".to_owned())),
            };
        }
        // It has said what it has to say.
        let _ = tokio::time::timeout(GOODBYE, server.quit()).await;
        Ok(told)
    }

    /// Looks whether the server answers and takes the login.
    pub(super) async fn probe(&self) -> Result<String, String> {
        match in_time(self.connect()).await {
            Some(Ok(mut server)) => {
                let _ = tokio::time::timeout(GOODBYE, server.quit()).await;
                Ok(if self.login.is_some() { "the mail server answers, and takes the login" } else { "the mail server answers" }.to_owned())
            }
            Some(Err(Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Refused(why) | Outcome::Stopped(why))) => Err(why),
            Some(Err(Outcome::Delivered(_))) | None => Err("the mail server does not answer".to_owned()),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Outcome> {
        let name = ClientId::default();
        let from_the_start = if let Tls::Implicit(parameters) = &self.tls { Some(parameters.clone()) } else { None };
        let place = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(place, Some(LIMIT), &name, from_the_start, None).await;
        let mut server = connecting.map_err(|error| meaning("the connection", &error, Outcome::Stopped))?;
        if let Tls::Start(parameters) = &self.tls {
            if !server.can_starttls() {
                return Err(Outcome::Stopped("the mail server does not offer STARTTLS, and nothing is sent in the clear; check `tls` and the port".to_owned()));
            }
            server.starttls(parameters.clone(), &name).await.map_err(|error| meaning("STARTTLS", &error, Outcome::Stopped))?;
        }
        if let Some((username, password)) = &self.login {
            let credentials = Credentials::new(username.clone(), password.reveal().to_owned());
            let refused = |why| Outcome::Stopped(format!("{why}; check `username` and `password`"));
            match server.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await {
                Ok(_) => {}
                Err(error) if error.is_client() => return Err(refused(format!("the mail server takes no login of a known kind: {}", said(&error)))),
                Err(error) => return Err(meaning("the login", &error, refused)),
            }
        }
        Ok(server)
    }
}

/// Names who it is from, and everybody it goes to; one who is refused does not stop the others.
async fn addressed(server: &mut AsyncSmtpConnection, from: &Address, to: &[Address], content: &[u8]) -> Result<Told, Outcome> {
    let mut parameters = vec![];
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if !is_ascii(from) || !to.iter().all(is_ascii) {
        if !server.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Outcome::Stopped("the mail server takes only addresses in ASCII; check `from` and `to`".to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !content.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let sender = |why| Outcome::Stopped(format!("{why}; check `from` and the login"));
    server.command(Mail::new(Some(from.clone()), parameters)).await.map_err(|error| meaning("the sender", &error, sender))?;
    let mut told = Told::default();
    for address in to {
        match server.command(Rcpt::new(address.clone(), vec![])).await {
            Ok(_) => told.took.push(address.clone()),
            Err(error) if error.is_permanent() => told.refused.push((address.clone(), said(&error))),
            Err(error) if error.is_transient() && !closes(&error) => told.put_off.push((address.clone(), said(&error))),
            Err(error) => return Err(later(format!("the mail server: {}", said(&error)))),
        }
    }
    Ok(told)
}

/// Whether the server says that it goes away.
fn closes(error: &Error) -> bool {
    error.status().is_some_and(|code| u16::from(code) == 421)
}

/// What an error means before the mail was sent, or where the server has answered to it: no mail has arrived.
fn meaning(what: &str, error: &Error, refused: impl FnOnce(String) -> Outcome) -> Outcome {
    if error.is_permanent() { refused(format!("the mail server refused {what}: {}", said(error))) } else { later(format!("the mail server: {}", said(error))) }
}

fn later(why: String) -> Outcome {
    Outcome::Later { why, wait: None }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(LIMIT, work).await.ok()
}

fn first_line(response: &Response) -> String {
    excerpt(&format!("{} {}", response.code(), response.first_line().unwrap_or_default()))
}

/// What the server (or the network) said, with the inner errors that name the reason.
fn said(error: &Error) -> String {
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
