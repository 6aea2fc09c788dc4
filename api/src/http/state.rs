//! The state of the router: the application, which starts with the first request that needs it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::app::App;

/// Starts the application when the first route needs it.
#[async_trait]
pub trait AppProvider: Send + Sync {
    /// The application. Once it has started, this is always the same one.
    ///
    /// # Errors
    /// A sentence that names what failed.
    async fn app(&self) -> Result<Arc<App>, String>;

    /// The application, if it has started. Never waits.
    fn app_if_ready(&self) -> Option<Arc<App>>;

    /// The state of all dependencies, within a time limit.
    async fn dependencies(&self) -> Vec<Dependency>;
}

/// The state of the router.
pub type SharedProvider = Arc<dyn AppProvider>;

/// Extracts the application, and starts it if necessary.
pub struct ReadyApp(pub Arc<App>);

impl FromRequestParts<SharedProvider> for ReadyApp {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, entry: &SharedProvider) -> Result<Self, ApiError> {
        entry.app().await.map(Self).map_err(ApiError::Unavailable)
    }
}

/// A dependency of the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Hop)]
pub struct Dependency {
    /// `secrets` or `store`.
    pub name: &'static str,
    /// Whether it can be used.
    pub ok: bool,
    /// Why it cannot be used.
    pub reason: Option<String>,
    /// How long the check took, in milliseconds.
    pub millis: u64,
}

impl Dependency {
    /// The result of a check.
    pub fn new(name: &'static str, found: Result<(), String>, millis: u64) -> Self {
        Self { name, ok: found.is_ok(), reason: found.err(), millis }
    }
}
