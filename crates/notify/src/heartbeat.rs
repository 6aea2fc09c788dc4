//! The outgoing heartbeat: a URL that is requested regularly, for services such as healthchecks.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use model::secret::Secret;
use reqwest::{Client, Url};

use super::http;

const LIMIT: Duration = Duration::from_secs(10);

/// An outside service that notices when the heartbeat stops.
#[async_trait]
pub trait Heartbeat: Send + Sync {
    /// How often it is told.
    fn every(&self) -> TimeDelta;
    /// Tells it, once; the error says why it could not be. Ends within its own time limit.
    async fn beat(&self) -> Result<(), String>;
}

/// Asks for one address, by GET.
pub struct HttpHeartbeat {
    client: Client,
    url: Url,
    every: TimeDelta,
}

impl HttpHeartbeat {
    /// A heartbeat to `url`, which no error shows.
    ///
    /// # Errors
    /// If the address cannot be used, or TLS cannot be set up on this machine.
    pub fn new(url: &Secret, every: TimeDelta) -> Result<Self, String> {
        Ok(Self { client: http::client(LIMIT)?, url: http::address(url.reveal())?, every })
    }
}

#[async_trait]
impl Heartbeat for HttpHeartbeat {
    fn every(&self) -> TimeDelta {
        self.every
    }

    async fn beat(&self) -> Result<(), String> {
        match self.client.get(self.url.clone()).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("HTTP {}", answer.status().as_u16())),
            Err(error) => Err(http::deepest(&error.without_url())),
        }
    }
}
