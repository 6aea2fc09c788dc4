//! Whether the process lives, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::{Dependency, SharedProvider};

/// The routes of this module; the only ones without a `/` at their end.
pub fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::default().routes(routes!(healthz)).routes(routes!(readyz))
}

/// How the process is.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// What the process can use.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    /// `ready` or `unavailable`.
    status: &'static str,
    /// In the order in which they are needed.
    hops: Vec<Dependency>,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()), responses((status = 200, body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The process can do its work, or what keeps it from that.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()), responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
async fn readyz(State(entry): State<SharedProvider>) -> (StatusCode, Json<Readiness>) {
    let hops = entry.dependencies().await;
    if hops.iter().all(|hop| hop.ok) {
        (StatusCode::OK, Json(Readiness { status: "ready", hops }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { status: "unavailable", hops }))
    }
}
