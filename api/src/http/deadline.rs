//! The deadline of a request. The client gets no answer after the gateway's timeout, and Lambda bills the time all the
//! same.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::error::ApiError;
use super::request_log::Route;

/// The longest time for a request. API Gateway gives up after 29 s (REST) or 30 s (HTTP).
pub const MAX_DURATION: Duration = Duration::from_secs(25);
/// The part of Lambda's remaining time that is left for sending the answer.
const KEPT_BACK: Duration = Duration::from_millis(500);

/// When a request must be answered. It is an extension of the request, for handlers that make several calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(pub Instant);

impl Deadline {
    /// The deadline of a request that begins now, in a process that Lambda stops after `remaining`.
    pub fn within(remaining: Duration) -> Self {
        Self(Instant::now() + remaining.saturating_sub(KEPT_BACK).min(MAX_DURATION))
    }

    /// The deadline of a request that begins now, on a server.
    pub fn longest() -> Self {
        Self(Instant::now() + MAX_DURATION)
    }

    /// The time left.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Middleware: answers 503 when the deadline passes, and drops the handler.
pub async fn within_deadline(mut request: Request, next: Next) -> Response {
    let deadline = *request.extensions_mut().get_or_insert_with(Deadline::longest);
    let route = request.extensions().get::<Route>().cloned().unwrap_or_default();
    match tokio::time::timeout_at(deadline.0, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!(route = route.template(), "not answered within the deadline");
            ApiError::Unavailable("This took too long and was given up. Please try again.".to_owned()).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_gets_what_lambda_gives_less_a_little_and_never_more_than_the_gateway_waits() {
        for (remaining, left) in
            [(0, 0), (300, 0), (500, 0), (3_000, 2_500), (25_500, 25_000), (30_000, 25_000), (900_000, 25_000)]
        {
            assert_eq!(Deadline::within(Duration::from_millis(remaining)).left(), Duration::from_millis(left));
        }
    }
}
