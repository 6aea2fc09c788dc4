//! Services of others, on this machine: they speak the documented formats, check what the real ones check, and fail as
//! the real ones do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

pub(crate) mod cloudkit;
pub(crate) mod drive;
pub(crate) mod firestore;
pub(crate) mod google_tokens;

/// What happens to a request instead of an answer, or after it.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Another answer; the request is not looked at.
    Answer(u16, String),
    /// No answer, ever; the request is not looked at.
    Hang,
    /// The connection breaks off in the middle of the answer; the request is not looked at.
    Cut,
    /// What was asked for is done, and the connection breaks off in the middle of the answer.
    DoneAndCut,
}

/// The faults to come: each meets the next request whose address holds the text.
#[derive(Default, Clone)]
pub(crate) struct Faults(Arc<Mutex<VecDeque<(String, Fault)>>>);

impl Faults {
    pub(crate) fn next(&self, address: &str, fault: Fault) {
        self.0.lock().unwrap().push_back((address.to_owned(), fault));
    }

    /// How many have not met a request yet.
    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn take(&self, address: &str) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = faults.iter().position(|(text, _)| address.contains(text.as_str()))?;
        faults.remove(at).map(|(_, fault)| fault)
    }
}

/// What comes of asking while these faults are met, one after the other, by requests to such an address: `ok`, or the
/// error.
///
/// # Panics
/// When some fault was not met, and when the error tells a secret.
pub(crate) async fn meeting<T, E: std::fmt::Display>(
    faults: &Faults,
    address: &str,
    fault: &[Fault],
    asking: impl Future<Output = Result<T, E>>,
) -> String {
    for fault in fault {
        faults.next(address, fault.clone());
    }
    let outcome = asking.await.map_or_else(|error| error.to_string(), |_| "ok".to_owned());
    assert_eq!(faults.left(), 0, "not met: {fault:?}, but {outcome}");
    assert!(
        !["PRIVATE KEY", "ya29", "MIGH", "MIIE"].iter().any(|secret| outcome.contains(secret)),
        "tells a secret: {outcome}"
    );
    outcome
}

/// Half of an answer.
fn broken_off() -> Response {
    let half = [Ok(Bytes::from_static(b"{\"half\":")), Err(std::io::Error::other("cut"))];
    Body::from_stream(futures::stream::iter(half)).into_response()
}

async fn meet(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    match faults.take(&request.uri().to_string()) {
        None => next.run(request).await,
        Some(Fault::Answer(status, body)) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Cut) => broken_off(),
        Some(Fault::DoneAndCut) => {
            next.run(request).await;
            broken_off()
        }
    }
}

/// Serves until the test ends; the address without a slash at its end.
pub(crate) async fn serve(routes: Router, faults: Faults) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let routes = routes.layer(from_fn_with_state(faults, meet));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}
