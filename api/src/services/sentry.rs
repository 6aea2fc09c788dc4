//! Faults, as Sentry collects them: what went wrong, and the number of the user it went wrong for. Nothing else of a person.

use std::sync::Arc;
use std::time::Duration;

use sentry_types::Dsn;
use sentry_types::protocol::v7::{Envelope, Event, Level, User};

use super::client::{self, LazyClient};
use crate::core::model::Id;
use crate::settings::Settings;

/// How long a report may take.
const BUDGET: Duration = Duration::from_secs(1);
const MAX_ANSWER: usize = 64 * 1024;
const CLIENT: &str = concat!("onestep-api/", env!("CARGO_PKG_VERSION"));

/// Reports faults.
pub struct Sentry {
    dsn: Dsn,
    web: Arc<LazyClient>,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReport {
    /// One sentence; equal ones are counted together.
    pub message: String,
    /// It is nobody's fault but ours.
    pub is_server_error: bool,
    /// Whom it happened to.
    pub user: Option<Id>,
    /// What to count it by, such as the route.
    pub tags: Vec<(&'static str, String)>,
}

impl Sentry {
    /// As the settings say; None: off.
    ///
    /// # Errors
    /// When the DSN cannot be read.
    pub fn new(settings: &Settings, web: Arc<LazyClient>) -> Result<Option<Self>, String> {
        let Some(dsn) = &settings.sentry_dsn else { return Ok(None) };
        let dsn = dsn.reveal().parse().map_err(|_| "ONESTEP_SENTRY_DSN is not a DSN".to_owned())?;
        Ok(Some(Self { dsn, web }))
    }

    /// Reports one; ends within a second, and never fails.
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
            tracing::warn!(%error, "a report could not be written");
            return;
        }
        let client = match self.web.client() {
            Ok(client) => client,
            Err(reason) => {
                tracing::warn!(reason, "a report was not sent");
                return;
            }
        };
        let request = client.post(self.dsn.envelope_api_url()).header("content-type", "application/x-sentry-envelope");
        let request = request.header("x-sentry-auth", self.dsn.to_auth(Some(CLIENT)).to_string()).body(body);
        match client::send(request, BUDGET, MAX_ANSWER).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => tracing::warn!(status = answer.status.as_u16(), "a report was not taken"),
            Err(error) => tracing::warn!(reason = error.reason, "a report was not taken"),
        }
    }
}
