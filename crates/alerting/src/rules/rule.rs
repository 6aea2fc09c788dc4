//! One table `[alert.<name>]` of the configuration.

use model::span::Span;

use super::condition::Condition;
use super::finding::Finding;
use super::measure::Times;
use super::severity::Severity;

/// What the user wrote under `[alert.<name>]`.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name of the table; with the subject, the identity of an incident.
    pub name: String,
    /// What must hold.
    pub condition: Condition,
    /// How long it must hold before anybody is told.
    pub hold: Option<Span>,
    /// How much it matters.
    pub severity: Severity,
    /// How many times its limit the measured figure reaches when the incident becomes critical.
    pub critical_at: Option<Times>,
    /// How long it must have been clear before an incident ends.
    pub keep_firing_for: Option<Span>,
    /// After how long to say it again while it still holds.
    pub remind: Option<Span>,
    /// Who is told besides if nobody takes care of it.
    pub escalate: Option<Escalation>,
    /// The receivers that are told.
    pub tell: Vec<String>,
    /// Names the rule had before; incidents that are open under them go on.
    pub was: Vec<String>,
    /// Rules whose incidents on the same subject are symptoms of this one's.
    pub mutes: Vec<String>,
}

/// Who is told besides, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// So long after the first message.
    pub after: Span,
    /// The further receivers.
    pub tell: Vec<String>,
}

impl Rule {
    /// A rule that is told to `tell` at once, as a warning, and has no other wishes.
    pub fn plain(name: &str, condition: Condition, tell: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            condition,
            hold: None,
            severity: Severity::Warning,
            critical_at: None,
            keep_firing_for: None,
            remind: None,
            escalate: None,
            tell,
            was: vec![],
            mutes: vec![],
        }
    }

    /// How much what was found matters.
    pub fn severity_of(&self, finding: &Finding) -> Severity {
        let reached = self.critical_at.zip(finding.measure).is_some_and(|(at, measure)| measure.reaches(at));
        if reached { Severity::Critical } else { self.severity }
    }
}
