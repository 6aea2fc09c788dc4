//! A failed invocation, with its cause.

use serde::{Deserialize, Serialize};

use crate::diagnosis::{Cause, Confidence};

/// A failed invocation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FailedInvocation {
    /// The function's name.
    pub function: String,
    /// The deepest cause its lines prove.
    pub cause: Cause,
    /// How sure the lines make it.
    pub confidence: Confidence,
    /// Request id, where the lines name one.
    pub request_id: Option<String>,
    /// What the lines show, in a sentence with the function's own numbers.
    pub finding: String,
    /// The deciding lines, redacted and shortened.
    pub evidence: Vec<String>,
    /// Other causes that lines of the same invocation show, deepest first; never `cause` itself.
    #[serde(default)]
    pub also: Vec<Cause>,
    /// The text of the error with everything blanked that differs from one time to the next, ids and numbers: two
    /// faults with the same fingerprint are the same error. Redacted, readable, at most about 200 characters; `None` if
    /// there is no error text.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// What a cause of the user's own means and what to do about it, as the configuration said when the fault was seen;
    /// `None` for a built-in cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<CauseText>,
}

/// The texts of a cause of the user's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
pub struct CauseText {
    /// What it means, in a few words for a headline.
    pub meaning: String,
    /// What to do about it.
    pub next_step: String,
}

impl FailedInvocation {
    /// What its cause means, in a few words for a headline.
    pub fn meaning(&self) -> &str {
        self.own.as_ref().map_or(self.cause.meaning(), |own| &own.meaning)
    }

    /// What to do about its cause.
    pub fn next_step(&self) -> &str {
        self.own.as_ref().map_or(self.cause.next_step(), |own| &own.next_step)
    }

    /// The line with the error: the one that has the fingerprint's first word, otherwise the first line, otherwise the
    /// finding.
    pub fn excerpt(&self) -> &str {
        let word = self.fingerprint.as_deref().and_then(|fingerprint| fingerprint.split_whitespace().next());
        let telling = word.and_then(|word| self.evidence.iter().find(|line| line.contains(word)));
        telling.or_else(|| self.evidence.first()).unwrap_or(&self.finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_version_1_wrote_can_still_be_read() {
        let fault: FailedInvocation =
            serde_json::from_str(r#"{"function":"f","cause":"oom","confidence":"proved","request_id":null,"finding":"It is so.","evidence":["a line"]}"#)
                .unwrap();
        assert_eq!((fault.also, fault.fingerprint, fault.own), (vec![], None, None));
    }
}
