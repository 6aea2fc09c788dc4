//! Error reports to Sentry: what went wrong, and the id of the user. No other personal data.

use std::sync::Arc;
use std::time::Duration;

use sentry_types::Dsn;
use sentry_types::protocol::v7::{Envelope, Event, Level, User};

use super::client::{self, LazyClient};
use crate::settings::Settings;
use onestep_core::model::Id;

/// The time limit of a report.
const BUDGET: Duration = Duration::from_secs(1);
const MAX_ANSWER: usize = 64 * 1024;
const CLIENT: &str = concat!("onestep-api/", env!("CARGO_PKG_VERSION"));

/// Sends error reports.
pub struct Sentry {
    dsn: Dsn,
    web: Arc<LazyClient>,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReport {
    /// One sentence. Equal messages are counted together.
    pub message: String,
    /// Whether it is an error of the server; otherwise it is a warning.
    pub is_server_error: bool,
    /// The user of the request.
    pub user: Option<Id>,
    /// Tags to count by, such as the route.
    pub tags: Vec<(&'static str, String)>,
}

impl Sentry {
    /// Reads the settings. None: off.
    ///
    /// # Errors
    /// When the DSN cannot be read.
    pub fn new(settings: &Settings, web: Arc<LazyClient>) -> Result<Option<Self>, String> {
        let Some(dsn) = &settings.sentry_dsn else { return Ok(None) };
        let dsn = dsn.reveal().parse().map_err(|_| "ONESTEP_SENTRY_DSN is not a DSN".to_owned())?;
        Ok(Some(Self { dsn, web }))
    }

    /// Sends a report, within a second. Failures are logged.
    pub async fn report(&self, fault: ErrorReport) {
        let event = Event {
            message: Some(fault.message),
            level: if fault.is_server_error { Level::Error } else { Level::Warning },
            release: Some(CLIENT.into()),
            user: fault.user.map(|id| User { id: Some(id.to_string()), ..User::default() }),
            tags: fault.tags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            ..Event::default()
        };
        let mut body = Vec::new();
        if let Err(error) = Envelope::from(event).to_writer(&mut body) {
            tracing::warn!(%error, "an error report could not be written");
            return;
        }
        let client = match self.web.client() {
            Ok(client) => client,
            Err(reason) => {
                tracing::warn!(reason, "an error report was not sent");
                return;
            }
        };
        let request = client.post(self.dsn.envelope_api_url()).header("content-type", "application/x-sentry-envelope");
        let request = request.header("x-sentry-auth", self.dsn.to_auth(Some(CLIENT)).to_string()).body(body);
        match client::send(request, BUDGET, MAX_ANSWER).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => tracing::warn!(status = answer.status.as_u16(), "Sentry did not accept an error report"),
            Err(error) => tracing::warn!(reason = error.reason, "Sentry did not accept an error report"),
        }
    }
}
