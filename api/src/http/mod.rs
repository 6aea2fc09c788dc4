//! Routes, and what is the same for all of them: who asks, what is in the body, how a refusal reads.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use answer::Refusal;

mod account;
pub mod answer;
pub mod body;
pub mod caller;
mod categories;
pub mod change;
pub mod deadline;
pub mod health;
pub mod login;
mod recommend;
pub mod report;
pub mod request_log;
pub mod router;
mod schema;
pub mod shown;
mod subs;
mod todos;
mod tokens;

/// Brings up what the routes need when the first of them needs it, and not before.
#[async_trait]
pub trait Start: Send + Sync {
    /// The application; the same one every time once it is up.
    ///
    /// # Errors
    /// A sentence that names the hop that failed.
    async fn app(&self) -> Result<Arc<App>, String>;

    /// The application, if it is up already; never waits.
    fn if_up(&self) -> Option<Arc<App>>;

    /// What the routes need, each with how it is; bounded, and none left out.
    async fn hops(&self) -> Vec<health::Hop>;
}

/// What the router carries.
pub type Entry = Arc<dyn Start>;

/// The application, brought up if it is not yet.
pub struct Ready(pub Arc<App>);

impl FromRequestParts<Entry> for Ready {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, entry: &Entry) -> Result<Self, Refusal> {
        entry.app().await.map(Self).map_err(Refusal::Unavailable)
    }
}
