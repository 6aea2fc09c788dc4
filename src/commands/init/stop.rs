//! How `monitor init` ends early.

use crate::exit::ExitStatus;

/// Why it ends without having done everything.
#[derive(Debug)]
pub(super) struct InitStop {
    pub(super) status: ExitStatus,
    pub(super) why: String,
}

impl InitStop {
    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self { status: ExitStatus::Failed, why: why.into() }
    }

    pub(super) fn usage(why: impl Into<String>) -> Self {
        Self { status: ExitStatus::Usage, why: why.into() }
    }
}
