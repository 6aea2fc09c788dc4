//! Work that no answer depends on: mails, pushes, reports.
//!
//! A server does it after the answer. Lambda freezes a function as soon as it has answered, so a function does it
//! before the answer, within a short limit.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::settings::environment::RunMode;

/// Runs background work and knows when all of it is done.
pub struct BackgroundTasks {
    mode: RunMode,
    running: Arc<watch::Sender<usize>>,
}

/// One running task. The count goes down on drop, also when the work panics.
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
    /// For a process in this mode.
    pub fn new(mode: RunMode) -> Self {
        Self { mode, running: Arc::new(watch::Sender::new(0)) }
    }

    /// Runs the work. On Lambda this waits for it, for at most `limit`; what is not done by then is dropped.
    pub async fn run(&self, limit: Duration, what: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        match self.mode {
            RunMode::Lambda => {
                if timeout(limit, work).await.is_err() {
                    tracing::warn!(what, "dropped: not done in time");
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

    /// Waits until all work is done, for at most `limit`, and returns whether it is. For a server that stops.
    pub async fn wait_idle(&self, limit: Duration) -> bool {
        let mut running = self.running.subscribe();
        timeout(limit, running.wait_for(|running| *running == 0)).await.is_ok()
    }
}
