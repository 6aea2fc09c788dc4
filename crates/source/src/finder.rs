//! Finds the functions that patterns mean, for sources that ask about functions and not about their logs.

use std::sync::atomic::{AtomicBool, Ordering};

use aws::resolve::{LogSelection, resolve};
use aws::{LambdaApi, LogsApi};
use model::call_failure::CallFailure;
use model::glob::NamePattern;

/// Finds functions, and says once what it cannot see.
#[derive(Debug, Default)]
pub(crate) struct FunctionFinder {
    warned: AtomicBool,
}

impl FunctionFinder {
    /// The functions that the patterns mean, in order of their names. `source` is who asks.
    pub(crate) async fn find(
        &self,
        source: &str,
        logs: &dyn LogsApi,
        functions: &dyn LambdaApi,
        patterns: &[NamePattern],
    ) -> Result<Vec<String>, CallFailure> {
        let found = resolve(logs, functions, &LogSelection::of(patterns)).await?;
        if let Some(blind_spot) = found.blind_spot()
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("{source}: {blind_spot}");
        }
        Ok(found.functions())
    }
}
