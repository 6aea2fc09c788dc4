//! Which incidents about endpoints are symptoms of others.

use lambda_log::diagnosis::Cause;
use model::subject::Subject;

use crate::endpoint_fault::host;
use crate::incident::Incident;
use crate::rules::{Condition, Rule};

/// Whether an incident about an endpoint is a symptom of another one: of an endpoint with the same broken part, or of
/// the function behind it.
pub(crate) fn explains(cause: (&Rule, &Incident), symptom: (&Rule, &Incident)) -> bool {
    let ((cause_rule, cause), (symptom_rule, symptom)) = (cause, symptom);
    let Subject::Endpoint(url) = &symptom.subject else { return false };
    let is_same = cause.subject == symptom.subject;
    // Who is told of the symptom has to hear of the cause.
    let is_heard = symptom_rule.tell.iter().all(|receiver| cause.receivers.contains(receiver));
    if !is_same && !is_heard {
        return false;
    }
    match (&cause.subject, &cause_rule.condition, &symptom_rule.condition) {
        (Subject::Endpoint(_), Condition::EndpointDown(_), condition) => {
            let Some(fault) = &cause.finding.fault else { return false };
            let is_concerned = || is_same || fault.concerns(&host(url));
            match condition {
                Condition::EndpointDown(_) => {
                    !is_same && symptom.finding.fault.as_ref().is_some_and(|other| fault.is_shared_with(other))
                }
                Condition::SlowEndpoint(_) | Condition::ChainChanged(_) => is_concerned(),
                Condition::CertificateEnding(_) => fault.is_before_the_certificate() && is_concerned(),
                _ => false,
            }
        }
        (Subject::Function(name), condition, Condition::EndpointDown(_) | Condition::SlowEndpoint(_)) => {
            let is_behind = symptom.finding.fault.as_ref().is_some_and(|fault| fault.is_of_function(name));
            is_behind && is_seen_as(condition, &cause.causes, &symptom_rule.condition)
        }
        _ => false,
    }
}

/// Whether what is wrong with a function shows at its endpoint like this.
fn is_seen_as(of_function: &Condition, causes: &[Cause], of_endpoint: &Condition) -> bool {
    match (of_function, of_endpoint) {
        (Condition::LambdaCause(_), Condition::EndpointDown(_)) => !causes.is_empty(),
        (Condition::NewError(_), Condition::EndpointDown(_)) => true,
        (Condition::MetricAbove(metric), Condition::EndpointDown(_)) => metric.is_about_failing(),
        (Condition::LambdaCause(_) | Condition::DurationAbove(_) | Condition::ColdStarts(_), _) => {
            matches!(of_endpoint, Condition::SlowEndpoint(_))
        }
        _ => false,
    }
}
