//! Which call of CloudTrail made a change.

use chrono::{DateTime, TimeDelta, Utc};

use super::change::{Change, ChangeBody, ChangeCall};
use super::kind::MapKind;

/// A call that may have changed something. Neither access keys nor source addresses are part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEvent {
    /// When the call was made, UTC.
    pub at: DateTime<Utc>,
    /// The service that was called: `lambda.amazonaws.com`.
    pub service: String,
    /// The call, as CloudTrail names it: `UpdateFunctionConfiguration20150331v2`.
    pub call: String,
    /// Who made it.
    pub who: String,
    /// What the call names: resources, and texts of its request.
    pub names: Vec<String>,
}

/// The clocks of AWS and of this machine differ by less.
const CLOCKS: TimeDelta = TimeDelta::minutes(1);

/// The call that fits a change: by service, time, the resource it names, and what its name says it does. Of several
/// it is the last, but for what is new the first. `None` if none fits.
pub fn attributed(change: &Change, events: &[TrailEvent]) -> Option<ChangeCall> {
    let fitting = events.iter().filter(|event| {
        event.service == change.kind.service()
            && change.since - CLOCKS <= event.at
            && event.at <= change.until + CLOCKS
            && event.names.iter().any(|name| names(change, name))
            && does(change, plain(&event.call))
    });
    let order = |event: &&TrailEvent| (event.at, event.call.clone(), event.who.clone());
    let found = match change.what {
        ChangeBody::Created(_) => fitting.min_by_key(order),
        _ => fitting.max_by_key(order),
    }?;
    Some(ChangeCall { at: found.at, call: plain(&found.call).to_owned(), who: found.who.clone() })
}

/// The name of a call without the version that Lambda writes behind it: `UpdateFunctionCode20150331v2`.
fn plain(call: &str) -> &str {
    let name = call.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = name.strip_suffix('v').filter(|_| name.len() < call.len()).unwrap_or(name);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    // A version is a date; anything shorter is a part of the name.
    if call.len() - bare.len() >= 8 { bare } else { call }
}

/// Whether a text of a call means the resource of a change.
fn names(change: &Change, text: &str) -> bool {
    let whole = change.kind.whole().and_then(|_| change.id.split(['/', ' ']).next());
    let own = [Some(change.id.as_str()), change.arn.as_deref(), change.called.as_deref(), whole];
    let part_of_function = change.kind.whole() == Some(MapKind::Function);
    let functions = change.functions.iter().map(String::as_str).filter(|_| part_of_function);
    own.into_iter().flatten().chain(functions).any(|name| {
        !name.is_empty()
            && (text == name
                || text.strip_suffix(name).is_some_and(|start| start.ends_with([':', '/']))
                || text.strip_prefix("arn:").is_some_and(|_| super::edge::function_named(text) == Some(name)))
    })
}

/// Whether a call of this name can do what has changed.
fn does(change: &Change, call: &str) -> bool {
    let starts = |words: &[&str]| words.iter().any(|word| call.starts_with(word));
    let deletes = starts(&["Delete", "Remove", "Disassociate"]);
    let creates = starts(&["Create", "Import", "Request", "Run"]);
    let is_part = change.kind.whole().is_some();
    match &change.what {
        ChangeBody::Created(_) => !deletes && (creates || is_part || starts(&["Put", "Add", "Publish"])),
        // A part goes with its whole, or when another call replaces all parts.
        ChangeBody::Deleted => deletes || (is_part && !creates),
        ChangeBody::Tag { .. } => call.contains("Tag") || starts(&["Update", "Put"]),
        ChangeBody::Setting { name, .. } if change.kind == MapKind::Function => {
            let code = name == "code_sha256" || name == "architectures" || name == "package_type";
            if code { call.starts_with("UpdateFunctionCode") } else { call.starts_with("UpdateFunctionConfiguration") }
        }
        ChangeBody::Setting { .. } => !creates || is_part,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_version_behind_a_call_is_no_part_of_its_name() {
        for (call, name) in [
            ("UpdateFunctionConfiguration20150331v2", "UpdateFunctionConfiguration"),
            ("CreateFunction20150331", "CreateFunction"),
            ("PutRule", "PutRule"),
            ("CreateEventSourceMapping20150331", "CreateEventSourceMapping"),
            ("UpdateRoute53v2", "UpdateRoute53v2"),
            ("", ""),
        ] {
            assert_eq!(plain(call), name, "{call}");
        }
    }
}
