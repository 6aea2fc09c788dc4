//! What a command gets: the file that `--config` names, and the clock.

use std::path::PathBuf;
use std::sync::Arc;

use clock::Clock;

use crate::app::{MonitorConfig, StartError, configuration, configuration_if_any};

/// What a command may use.
pub(super) struct CommandContext {
    pub(super) config: Option<PathBuf>,
    pub(super) clock: Arc<dyn Clock>,
}

impl CommandContext {
    pub(super) fn config(&self) -> Result<MonitorConfig, StartError> {
        configuration(self.config.as_deref(), self.clock.as_ref(), true)
    }

    /// The configuration for a command that only reads the store.
    pub(super) fn config_without_secrets(&self) -> Result<MonitorConfig, StartError> {
        configuration(self.config.as_deref(), self.clock.as_ref(), false)
    }

    /// The configuration for a command that can do without one.
    pub(super) fn config_if_any(&self) -> Result<Option<MonitorConfig>, StartError> {
        configuration_if_any(self.config.as_deref(), self.clock.as_ref())
    }
}
