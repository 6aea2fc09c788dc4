//! The HTTP server, outside of Lambda.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// How long open requests may take after the server was told to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` resolves, then waits for open requests, for at most [`GRACE`].
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stopped, mut stopping) = tokio::sync::watch::channel(false);
    let stop = async move {
        stop.await;
        let _ = stopped.send(true);
    };
    // Send small answers at once instead of waiting for more data.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
    });
    let serving = axum::serve(listener, routes).with_graceful_shutdown(stop);
    let too_long = async {
        let _ = stopping.wait_for(|stopped| *stopped).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = async { serving.await } => ended,
        () = too_long => {
            tracing::warn!("stopped after {} s, with open requests", GRACE.as_secs());
            Ok(())
        }
    }
}

/// Resolves when the process is told to stop: SIGTERM, or Ctrl-C.
///
/// # Errors
/// When signals cannot be received.
pub fn told_to_stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
}

/// The address to listen on.
pub fn address(port: u16, only_this_machine: bool) -> SocketAddr {
    let host = if only_this_machine { [127, 0, 0, 1] } else { [0, 0, 0, 0] };
    SocketAddr::from((host, port))
}
