//! The version and the runtime that a function runs with, and since when.

use serde::{Deserialize, Serialize};

use crate::line::RuntimeVersion;
use crate::unset::is_unset;

/// So many invocations without a failure before a change of version, and the change is what a failure after it began
/// with.
const CLEAN_BEFORE_CHANGE: u32 = 5;

/// The version that runs, and since when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct RunningVersion {
    pub(super) version: Option<String>,
    pub(super) runtime: Option<String>,
    /// Whether the runtime is Node's; `None` where no line has named it.
    #[serde(default, skip_serializing_if = "is_unset")]
    pub(super) on_node: Option<bool>,
    /// Invocations in a row that have not failed.
    clean: u32,
    /// What changed last, and how many invocations had been clean before it.
    pub(super) changed: Option<(String, u32)>,
}

impl RunningVersion {
    pub(super) fn version(&mut self, version: &str) {
        if self.version.as_deref() != Some(version) {
            let before = self.version.replace(version.chars().take(64).collect());
            if let Some(before) = before {
                self.change(format!("version {version} (before: {before})"));
            }
        }
    }

    pub(super) fn runtime(&mut self, runtime: &RuntimeVersion<'_>) {
        self.on_node = runtime.on_node.or(self.on_node);
        let Some(runtime) = runtime.version.as_deref() else { return };
        if self.runtime.as_deref() != Some(runtime) {
            let before = self.runtime.replace(runtime.chars().take(200).collect());
            if before.is_some() {
                self.change("a new runtime version".to_owned());
            }
        }
    }

    pub(super) fn change(&mut self, what: String) {
        self.changed = Some((what, self.clean));
        self.clean = 0;
    }

    pub(super) fn count(&mut self, failed: bool) {
        self.clean = if failed { 0 } else { self.clean.saturating_add(1) };
        // What works after a change for long was not broken by it.
        if self.clean > 50 {
            self.changed = None;
        }
    }

    pub(super) fn began_with_a_change(&self) -> Option<String> {
        let (what, clean) = self.changed.as_ref().filter(|(_, clean)| *clean >= CLEAN_BEFORE_CHANGE)?;
        Some(format!("It began with {}; the {clean} invocations before did not fail.", model::redact::phrase(what)))
    }
}
