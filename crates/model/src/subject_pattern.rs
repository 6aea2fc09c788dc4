//! Parses patterns of subjects: `function:backend-*`, `service:*`, `total`.

use super::glob::NamePattern;
use super::settings::one_of;

/// What stands before the colon of a subject's stable spelling.
const KINDS: &[&str] = &["service", "function", "source", "receiver", "resource", "free_tier"];
/// What makes a pattern of a name.
const WILDCARDS: &[char] = &['*', '?', '[', '{', '\\'];

/// Reads a pattern of subjects in their stable spelling.
///
/// # Errors
/// If it is no pattern, or can fit no subject because its kind is missing or unknown: a silence of that kind would
/// cover nothing, and the mistake would only show when an alert fires.
pub fn subject_pattern(typed: &str) -> Result<NamePattern, String> {
    let pattern: NamePattern = typed.parse().map_err(|mistake: serde::de::value::Error| mistake.to_string())?;
    match typed.split_once(':') {
        // A wildcard in front may stand for the kind.
        _ if ["total", "credentials"].contains(&typed) || typed.starts_with(WILDCARDS) => Ok(pattern),
        None => Err(format!("`{typed}` has no kind; did you mean function:{typed}? ({})", forms())),
        Some((kind, _)) if KINDS.contains(&kind) || kind.contains(WILDCARDS) => Ok(pattern),
        Some((kind, name)) => {
            Err(format!("`{kind}:{name}`: `{kind}` is not a kind of subject; {}", one_of(kind, KINDS)))
        }
    }
}

fn forms() -> String {
    let forms: Vec<String> = KINDS.iter().map(|kind| format!("{kind}:NAME")).collect();
    format!("a subject is total, credentials, {}", forms.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_can_fit_no_subject_is_a_mistake_with_a_hint() {
        for (typed, why) in [
            ("total", None),
            ("credentials", None),
            ("function:backend-*", None),
            ("service:*", None),
            ("service:Amazon Relational Database Service", None),
            ("receiver:team", None),
            ("resource:rds_instance/*", None),
            ("source:watch.spend", None),
            ("*", None),
            ("*backend*", None),
            ("{function,source}:*", None),
            ("f*:backend", None),
            ("backend-*", Some("did you mean function:backend-*?")),
            ("fuction:backend", Some("did you mean `function`?")),
            ("backend:dev", Some("`backend` is not a kind of subject")),
            ("Function:x", Some("did you mean `function`?")),
            ("function:[a", Some("not a valid pattern")),
            ("", Some("a name or a pattern")),
        ] {
            match (subject_pattern(typed), why) {
                (Ok(pattern), None) => assert_eq!(pattern.as_str(), typed),
                (Err(mistake), Some(why)) => assert!(mistake.contains(why), "{typed}: {mistake}"),
                (read, _) => panic!("{typed}: {read:?}"),
            }
        }
    }
}
