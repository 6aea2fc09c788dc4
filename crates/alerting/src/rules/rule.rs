//! One table `[alert.<name>]` of the configuration.

use model::span::Span;

use super::condition::Condition;
use super::finding::IncidentDetails;
use super::measure::Times;
use super::severity::Severity;

/// What the user wrote under `[alert.<name>]`.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name of the table; with the subject, the identity of an incident.
    pub name: String,
    /// What must hold.
    pub condition: Condition,
    /// How long it must hold before it fires.
    pub hold: Option<Span>,
    /// How much it matters.
    pub severity: Severity,
    /// How many times its limit the measured figure reaches when the incident becomes critical.
    pub critical_at: Option<Times>,
    /// How long it must have been clear before an incident ends.
    pub keep_firing_for: Option<Span>,
    /// After how long a reminder is sent.
    pub remind: Option<Span>,
    /// Further receivers if it is not acknowledged.
    pub escalate: Option<Escalation>,
    /// The receivers to notify.
    pub tell: Vec<String>,
    /// Former names of the rule; incidents open under them continue.
    pub was: Vec<String>,
    /// Rules whose incidents on the same subject are symptoms of this one's.
    pub mutes: Vec<String>,
}

/// The further receivers of an escalation, and its delay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// So long after the first message.
    pub after: Span,
    /// The further receivers.
    pub tell: Vec<String>,
}

impl Rule {
    /// A rule that notifies `tell` at once as a warning, with defaults otherwise.
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

    /// The severity of an incident.
    pub fn severity_of(&self, finding: &IncidentDetails) -> Severity {
        let reached = self.critical_at.zip(finding.measure).is_some_and(|(at, measure)| measure.reaches(at));
        if reached { Severity::Critical } else { self.severity }
    }
}
