//! What nobody waits for: mails, pushes, reports.
//!
//! A server does it after the answer. A function is frozen as soon as it has answered, so it does it before, and not for long.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::settings::environment::RunMode;

/// Where such work goes.
pub struct BackgroundTasks {
    mode: RunMode,
    running: Arc<watch::Sender<usize>>,
}

/// Counts itself out when it is dropped, also when the work panics.
struct Running(Arc<watch::Sender<usize>>);

impl Running {
    fn new(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|running| *running += 1);
        Self(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running = running.saturating_sub(1));
    }
}

impl BackgroundTasks {
    /// For a process that runs there.
    pub fn new(mode: RunMode) -> Self {
        Self { mode, running: Arc::new(watch::Sender::new(0)) }
    }

    /// Has it done. `limit` is what the answer of a function may be held up by; what is not done by then is given up.
    pub async fn run(&self, limit: Duration, what: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        match self.mode {
            RunMode::Lambda => {
                if timeout(limit, work).await.is_err() {
                    tracing::warn!(what, "given up: not done in time");
                }
            }
            RunMode::Server | RunMode::Development => {
                let running = Running::new(&self.running);
                tokio::spawn(async move {
                    work.await;
                    drop(running);
                });
            }
        }
    }

    /// Waits until all is done, but not longer than `limit`; whether it is. For a server that stops.
    pub async fn wait_idle(&self, limit: Duration) -> bool {
        let mut running = self.running.subscribe();
        timeout(limit, running.wait_for(|running| *running == 0)).await.is_ok()
    }
}
