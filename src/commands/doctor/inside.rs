//! The inside half: credentials, then what the chain needs of the account.

use std::sync::Arc;
use std::time::Duration;

use ::chain::ChainStart;
use ::chain::seen::inside::{CredentialsSeen, FunctionLogSeen, InsideSeen};
use account::map::MapResource;
use aws::AwsClients;
use aws::settings::AwsSettings;
use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Causes;
use source::ChainReader;

use super::credentials::{SeenCredentials, UsableKey, find, whose};
use super::log;
use crate::app::{StartError, account, connected};
use crate::commands::context::CommandContext;
use crate::commands::output::say;

/// The Region of certificates for the edge.
const EDGE: &str = "us-east-1";
/// How long it may take to find credentials.
const FOUND: Duration = Duration::from_millis(2500);
/// How long the account may take altogether.
const PATIENCE: Duration = Duration::from_secs(12);

/// Reads the inside half in two parts: what has the name, and what is behind it.
pub(super) struct InsideReader {
    account: AwsClients,
    settings: AwsSettings,
    start: ChainStart,
    path: String,
    now: DateTime<Utc>,
    /// The causes of the configuration.
    pub(super) causes: Option<Causes>,
    key: Option<UsableKey>,
    credentials: SeenCredentials,
    reader: ChainReader,
    until: tokio::time::Instant,
}

impl InsideReader {
    /// A reader that has made no call yet, unless the configuration names the account: then it is asked whose the
    /// credentials are.
    pub(super) async fn new(
        settings: &AwsSettings,
        start: ChainStart,
        path: &str,
        causes: Option<Causes>,
        context: &CommandContext,
    ) -> Result<Self, StartError> {
        let clients = account(settings, &context.clock).await?;
        let needs_edge = matches!(start, ChainStart::Domain(_)) && clients.region != EDGE;
        let edge = match needs_edge {
            true => {
                let edge = AwsSettings { region: Some(EDGE.to_owned()), ..settings.clone() };
                Some(connected(&edge, &context.clock).await)
            }
            false => None,
        };
        let now = context.clock.now();
        let reader = ChainReader::new(&clients, edge.as_ref(), start.clone(), path, now);
        Ok(Self {
            account: clients,
            settings: settings.clone(),
            start,
            path: path.to_owned(),
            now,
            causes,
            key: None,
            credentials: SeenCredentials::None,
            reader,
            until: tokio::time::Instant::now() + PATIENCE,
        })
    }

    /// The Region that is asked.
    pub(super) fn region(&self) -> &str {
        &self.account.region
    }

    /// Looks for credentials, and says whether any can be used.
    pub(super) async fn find_key(&mut self) -> bool {
        match find(&self.account, &self.settings, self.now, FOUND).await {
            Ok(key) => self.key = Some(key),
            Err(seen) => self.credentials = seen,
        }
        self.key.is_some()
    }

    /// Asks whose the credentials are, and reads what has the name.
    pub(super) async fn names(&mut self) {
        let Some(key) = self.key.clone() else { return };
        // What is not read in time is unknown.
        let names = tokio::time::timeout_at(self.until, self.reader.read_name());
        let (credentials, _) = tokio::join!(whose(&self.account, &self.settings, key), names);
        self.credentials = credentials;
    }

    /// The certificates of the name.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &MapResource> {
        self.reader.certificates_read()
    }

    /// Reads what is behind the name, and hands out everything; `None` without credentials.
    pub(super) async fn below(&mut self) -> Option<InsideSeen> {
        let (account, credentials) = match self.credentials.clone() {
            SeenCredentials::None => return None,
            SeenCredentials::Refused { why, next_step } => (None, CredentialsSeen::Refused { why, next_step }),
            // Without an answer of STS the other services are asked all the same: each link says what it got.
            SeenCredentials::Unclear { why, next_step } => {
                say(&format!("monitor: {why}; {next_step}"));
                (None, CredentialsSeen::Unclear { why, next_step, is_asked: self.key.is_some() })
            }
            SeenCredentials::Taken { account, arn, origin, expires } => {
                (Some(account), CredentialsSeen::Taken { arn, origin, expires })
            }
        };
        let is_asked =
            !matches!(credentials, CredentialsSeen::Refused { .. } | CredentialsSeen::Unclear { is_asked: false, .. });
        if is_asked {
            let _ = tokio::time::timeout_at(self.until, self.reader.read_below()).await;
        }
        let reading = self.reader.reading();
        tracing::debug!("{} describing calls", reading.calls);
        let inside = InsideSeen::of(self.start.clone(), &self.path, reading.snapshots);
        let log = if is_asked { self.log(&inside).await } else { FunctionLogSeen::NotAsked };
        Some(InsideSeen { account, credentials, took: reading.took, log, ..inside })
    }

    async fn log(&self, inside: &InsideSeen) -> FunctionLogSeen {
        let (Some(target), Some(function)) = (inside.path.target.found(), inside.path.function.found()) else {
            return FunctionLogSeen::NotAsked;
        };
        let own = format!("/aws/lambda/{}", target.name);
        let group = function.setting("log_group").unwrap_or(&own);
        let causes = self.causes.clone().unwrap_or_else(Causes::built_in);
        let read = log::read(Arc::clone(&self.account.logs), group, function, &causes, self.now);
        let read = tokio::time::timeout_at(self.until, read).await;
        read.unwrap_or_else(|_| FunctionLogSeen::Unknown("its log did not answer in time".to_owned()))
    }
}
