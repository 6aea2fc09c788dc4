//! Why a call to AWS failed.

use serde::{Deserialize, Serialize};

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// No credentials were found.
    NoCredentials,
    /// The credentials were refused or are expired.
    BadCredentials,
    /// A permission is missing.
    Denied,
    /// The thing asked for does not exist.
    NotFound,
    /// The endpoint cannot be reached; the call was never made.
    Unreachable,
    /// The call was made, and no answer came in time.
    NoAnswer,
    /// AWS asked to slow down.
    Throttled,
    /// There is more to read than the monitor's own pace allows; it is read late.
    Behind,
    /// The monitor's own spending cap forbids the call.
    CapReached,
    /// Anything else, an answer that cannot be read among them.
    Refused,
}

impl FailureKind {
    /// Whether it is transient, so that a notification can wait.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Throttled | Self::Behind)
    }

    /// Whether credentials are missing or refused, which is the same for every call to the account.
    pub fn is_of_credentials(self) -> bool {
        matches!(self, Self::NoCredentials | Self::BadCredentials)
    }

    /// Whether AWS has taken the credentials, and refused something else.
    pub fn proves_credentials(self) -> bool {
        matches!(self, Self::Denied | Self::NotFound | Self::Throttled)
    }
}

/// A failed call in one line a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallFailure {
    /// The call, as in an IAM policy: `ce:GetCostAndUsage`.
    pub call: String,
    /// The resource of the call.
    pub resource: String,
    /// The class of the failure.
    pub kind: FailureKind,
    /// The error message of AWS or the network, short and without secrets.
    pub said: String,
    /// What to do.
    pub next_step: String,
}

impl std::fmt::Display for CallFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {} failed: {}; {}", self.call, self.resource, self.said, self.next_step)
    }
}
