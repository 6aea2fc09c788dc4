//! Liveness and readiness.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::{Dependency, SharedProvider};

/// The routes of this module, the only ones without a `/` at the end.
pub fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::default().routes(routes!(healthz)).routes(routes!(readyz))
}

/// Liveness.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// Readiness, and the dependencies.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    /// `ready` or `unavailable`.
    status: &'static str,
    /// The dependencies, in the order in which they are used.
    hops: Vec<Dependency>,
}

/// Answers 200 while the process runs.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()), responses((status = 200, body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Answers 200 when the process can do its work, and 503 with the reason when it cannot.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()), responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
async fn readyz(State(entry): State<SharedProvider>) -> (StatusCode, Json<Readiness>) {
    let hops = entry.dependencies().await;
    if hops.iter().all(|hop| hop.ok) {
        (StatusCode::OK, Json(Readiness { status: "ready", hops }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { status: "unavailable", hops }))
    }
}
