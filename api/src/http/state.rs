//! What the router carries: the application, brought up when the first route needs it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::app::App;

/// Brings up what the routes need when the first of them needs it, and not before.
#[async_trait]
pub trait AppProvider: Send + Sync {
    /// The application; the same one every time once it is up.
    ///
    /// # Errors
    /// A sentence that names the hop that failed.
    async fn app(&self) -> Result<Arc<App>, String>;

    /// The application, if it is up already; never waits.
    fn app_if_ready(&self) -> Option<Arc<App>>;

    /// What the routes need, each with how it is; bounded, and none left out.
    async fn dependencies(&self) -> Vec<Dependency>;
}

/// What the router carries.
pub type SharedProvider = Arc<dyn AppProvider>;

/// The application, brought up if it is not yet.
pub struct ReadyApp(pub Arc<App>);

impl FromRequestParts<SharedProvider> for ReadyApp {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, entry: &SharedProvider) -> Result<Self, ApiError> {
        entry.app().await.map(Self).map_err(ApiError::Unavailable)
    }
}

/// One thing that the work needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dependency {
    /// `secrets` or `store`.
    pub name: &'static str,
    /// It can be used.
    pub ok: bool,
    /// Why not.
    pub reason: Option<String>,
    /// How long it took to find out.
    pub millis: u64,
}

impl Dependency {
    /// As it was found.
    pub fn new(name: &'static str, found: Result<(), String>, millis: u64) -> Self {
        Self { name, ok: found.is_ok(), reason: found.err(), millis }
    }
}
