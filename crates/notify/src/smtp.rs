//! One SMTP session. It sends command by command, so that each reply belongs to a known step: one
//! address, the login, or the mail itself, and so that it knows whether the mail was sent when the connection broke.

use std::future::Future;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use model::redact::excerpt;
use model::secret::Secret;

use super::DeliveryOutcome;

/// Everything up to the mail itself, and the mail itself, end within this each.
const LIMIT: Duration = Duration::from_secs(30);
/// A server is not waited for to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SmtpSecurity {
    StartTls,
    Implicit,
    /// Only ever to this machine.
    Clear,
}

pub(super) struct SmtpServer {
    host: String,
    port: u16,
    tls: SmtpTls,
    login: Option<(String, Secret)>,
}

/// [`SmtpSecurity`], with what it needs.
enum SmtpTls {
    Start(TlsParameters),
    Implicit(TlsParameters),
    None,
}

/// The server's replies for each address of a mail.
#[derive(Debug, Default)]
pub(super) struct RecipientReplies {
    /// Addresses that get the mail. If empty, no mail was sent.
    pub(super) took: Vec<Address>,
    /// Who never will, with the server's words.
    pub(super) refused: Vec<(Address, String)>,
    /// Who may later, with the server's words.
    pub(super) put_off: Vec<(Address, String)>,
    /// The server's reply to the mail.
    pub(super) answer: String,
}

impl SmtpServer {
    pub(super) fn new(
        host: String,
        port: u16,
        security: SmtpSecurity,
        login: Option<(String, Secret)>,
    ) -> Result<Self, String> {
        let parameters = || {
            let roots = tls::pem().map_err(|error| error.to_string())?;
            let failed = |error| format!("TLS cannot be set up: {error}");
            let roots = Certificate::from_pem(roots.as_bytes()).map_err(failed)?;
            let builder = TlsParameters::builder(host.clone()).certificate_store(CertificateStore::None);
            builder.add_root_certificate(roots).build().map_err(failed)
        };
        let tls = match security {
            SmtpSecurity::StartTls => SmtpTls::Start(parameters()?),
            SmtpSecurity::Implicit => SmtpTls::Implicit(parameters()?),
            SmtpSecurity::Clear => SmtpTls::None,
        };
        Ok(Self { host, port, tls, login })
    }

    /// Sends a mail to these addresses. The error is the outcome if no address got it, or if that is unknown.
    pub(super) async fn tell(
        &self,
        from: &Address,
        to: &[Address],
        content: &[u8],
    ) -> Result<RecipientReplies, DeliveryOutcome> {
        let beginning = async {
            let mut server = self.connect().await?;
            let told = addressed(&mut server, from, to, content).await?;
            if told.took.is_empty() {
                return Ok((server, told));
            }
            server.command(Data).await.map_err(|error| meaning("the mail", &error, DeliveryOutcome::Refused))?;
            Ok((server, told))
        };
        let (mut server, mut told) = in_time(beginning)
            .await
            .unwrap_or_else(|| Err(later("the mail server did not answer in time".to_owned())))?;
        if !told.took.is_empty() {
            let taken = in_time(server.message(content)).await;
            told.answer = match taken {
                Some(Ok(response)) => first_line(&response),
                Some(Err(error)) if error.is_permanent() || error.is_transient() => {
                    return Err(meaning("the mail", &error, DeliveryOutcome::Refused));
                }
                Some(Err(error)) => {
                    return Err(DeliveryOutcome::Unknown(format!(
                        "the mail server closed the connection after the mail was sent: {}",
                        describe_error(&error)
                    )));
                }
                None => {
                    return Err(DeliveryOutcome::Unknown(
                        "the mail server did not answer in time after the mail was sent".to_owned(),
                    ));
                }
            };
        }
        // It has said what it has to say.
        let _ = tokio::time::timeout(GOODBYE, server.quit()).await;
        Ok(told)
    }

    /// Checks that the server answers and accepts the login.
    pub(super) async fn probe(&self) -> Result<String, String> {
        match in_time(self.connect()).await {
            Some(Ok(mut server)) => {
                let _ = tokio::time::timeout(GOODBYE, server.quit()).await;
                Ok(if self.login.is_some() {
                    "the mail server answers and accepts the login"
                } else {
                    "the mail server answers"
                }
                .to_owned())
            }
            Some(Err(
                DeliveryOutcome::Later { why, .. }
                | DeliveryOutcome::Unknown(why)
                | DeliveryOutcome::Refused(why)
                | DeliveryOutcome::Stopped(why),
            )) => Err(why),
            Some(Err(DeliveryOutcome::Delivered(_))) | None => Err("the mail server does not answer".to_owned()),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, DeliveryOutcome> {
        let name = ClientId::default();
        let from_the_start =
            if let SmtpTls::Implicit(parameters) = &self.tls { Some(parameters.clone()) } else { None };
        let place = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(place, Some(LIMIT), &name, from_the_start, None).await;
        let mut server = connecting.map_err(|error| meaning("the connection", &error, DeliveryOutcome::Stopped))?;
        if let SmtpTls::Start(parameters) = &self.tls {
            if !server.can_starttls() {
                return Err(DeliveryOutcome::Stopped(
                    "the mail server does not offer STARTTLS, and monitor sends nothing unencrypted; check `tls` and the port".to_owned(),
                ));
            }
            server
                .starttls(parameters.clone(), &name)
                .await
                .map_err(|error| meaning("STARTTLS", &error, DeliveryOutcome::Stopped))?;
        }
        if let Some((username, password)) = &self.login {
            let credentials = Credentials::new(username.clone(), password.reveal().to_owned());
            let refused = |why| DeliveryOutcome::Stopped(format!("{why}; check `username` and `password`"));
            match server.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await {
                Ok(_) => {}
                Err(error) if error.is_client() => {
                    return Err(refused(format!(
                        "the mail server supports no known login method: {}",
                        describe_error(&error)
                    )));
                }
                Err(error) => return Err(meaning("the login", &error, refused)),
            }
        }
        Ok(server)
    }
}

/// Names who it is from, and everybody it goes to; one who is refused does not stop the others.
async fn addressed(
    server: &mut AsyncSmtpConnection,
    from: &Address,
    to: &[Address],
    content: &[u8],
) -> Result<RecipientReplies, DeliveryOutcome> {
    let mut parameters = vec![];
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if !is_ascii(from) || !to.iter().all(is_ascii) {
        if !server.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(DeliveryOutcome::Stopped(
                "the mail server accepts only ASCII addresses; check `from` and `to`".to_owned(),
            ));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !content.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let sender = |why| DeliveryOutcome::Stopped(format!("{why}; check `from` and the login"));
    server
        .command(Mail::new(Some(from.clone()), parameters))
        .await
        .map_err(|error| meaning("the sender", &error, sender))?;
    let mut told = RecipientReplies::default();
    for address in to {
        match server.command(Rcpt::new(address.clone(), vec![])).await {
            Ok(_) => told.took.push(address.clone()),
            Err(error) if error.is_permanent() => told.refused.push((address.clone(), describe_error(&error))),
            Err(error) if error.is_transient() && !closes(&error) => {
                told.put_off.push((address.clone(), describe_error(&error)));
            }
            Err(error) => return Err(later(format!("the mail server: {}", describe_error(&error)))),
        }
    }
    Ok(told)
}

/// Whether the server says that it goes away.
fn closes(error: &Error) -> bool {
    error.status().is_some_and(|code| u16::from(code) == 421)
}

/// What an error means before the mail was sent, or where the server has answered to it: no mail has arrived.
fn meaning(what: &str, error: &Error, refused: impl FnOnce(String) -> DeliveryOutcome) -> DeliveryOutcome {
    if error.is_permanent() {
        refused(format!("the mail server refused {what}: {}", describe_error(error)))
    } else {
        later(format!("the mail server: {}", describe_error(error)))
    }
}

fn later(why: String) -> DeliveryOutcome {
    DeliveryOutcome::Later { why, wait: None }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(LIMIT, work).await.ok()
}

fn first_line(response: &Response) -> String {
    excerpt(&format!("{} {}", response.code(), response.first_line().unwrap_or_default()))
}

/// What the server (or the network) said, with the inner errors that name the reason.
fn describe_error(error: &Error) -> String {
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
