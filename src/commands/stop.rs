//! Waits until the process is asked to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Ends when the process is asked to stop. Where signals cannot be had, it never does, and only SIGKILL is left.
pub(super) async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return futures::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
