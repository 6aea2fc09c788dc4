//! Reads the fields of an answer: a required one that is missing is an error that names the call and the field; an
//! optional one that is absent is no setting, and one that cannot be read is unknown.

use std::collections::BTreeMap;

use account::map::{DigestKey, MapResource, digest};
use chrono::{DateTime, SecondsFormat, Utc};
use model::call_failure::{CallFailure, FailureKind};
use serde_json::{Map, Value};

use super::asked::MapStop;

/// An object of an answer.
pub(super) type JsonObject = Map<String, Value>;

/// The failure of a call whose answer makes no sense.
pub(super) fn unreadable(call: &str, resource: &str, what: impl std::fmt::Display) -> MapStop {
    MapStop::Failed(CallFailure {
        call: call.to_owned(),
        resource: resource.to_owned(),
        kind: FailureKind::Refused,
        said: format!("unreadable response: {what}"),
        next_step: "the response was not used; monitor retries automatically".to_owned(),
    })
}

/// The object of an answer, and the call that gave it.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) call: &'static str,
    pub(super) of: &'a JsonObject,
}

impl<'a> Fields<'a> {
    pub(super) fn new(call: &'static str, of: &'a JsonObject) -> Self {
        Self { call, of }
    }

    /// A field that every answer has.
    pub(super) fn required(self, field: &str) -> Result<&'a str, MapStop> {
        self.text(field)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| unreadable(self.call, "the account", format!("an entry has no `{field}`")))
    }

    /// A field, unless it is `null`.
    pub(super) fn get(self, field: &str) -> Option<&'a Value> {
        self.of.get(field).filter(|value| !value.is_null())
    }

    /// A text.
    pub(super) fn text(self, field: &str) -> Option<&'a str> {
        self.get(field)?.as_str()
    }

    /// The object in a field; `None` if it has none.
    pub(super) fn at(self, field: &str) -> Option<Self> {
        Some(Self { call: self.call, of: self.get(field)?.as_object()? })
    }

    /// Sets a setting by a field; `read` gives its text, `None` for one that cannot be read.
    pub(super) fn set_by(
        self,
        resource: &mut MapResource,
        setting: &str,
        field: &str,
        read: impl FnOnce(&Value) -> Option<String>,
    ) {
        let Some(value) = self.get(field) else { return };
        match read(value) {
            Some(text) if text.is_empty() => {}
            Some(text) => resource.set(setting, text),
            None => drop(resource.settings.insert(setting.to_owned(), None)),
        }
    }

    /// Sets settings by fields that are texts, numbers or flags.
    pub(super) fn set(self, resource: &mut MapResource, settings: &[(&str, &str)]) {
        settings.iter().for_each(|(setting, field)| self.set_by(resource, setting, field, plain));
    }

    /// The same of an object within the answer; one that is no object is unknown.
    pub(super) fn set_in(self, resource: &mut MapResource, field: &str, settings: &[(&str, &str)]) {
        match (self.get(field), self.at(field)) {
            (_, Some(inner)) => inner.set(resource, settings),
            (Some(_), None) => {
                let unknown = settings.iter().map(|(setting, _)| ((*setting).to_owned(), None));
                resource.settings.extend(unknown);
            }
            (None, None) => {}
        }
    }

    /// Sets a setting of names and values: the names, and one digest over all of it as `<setting>_digest`.
    pub(super) fn set_names(self, resource: &mut MapResource, setting: &str, field: &str, key: Option<&DigestKey>) {
        let Some(value) = self.get(field) else { return };
        let hidden = format!("{setting}_digest");
        let pairs: Option<BTreeMap<&str, &str>> = value
            .as_object()
            .and_then(|object| object.iter().map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect());
        let Some(pairs) = pairs else {
            resource.settings.insert(setting.to_owned(), None);
            resource.settings.insert(hidden, None);
            return;
        };
        if pairs.is_empty() {
            return;
        }
        resource.set(setting, pairs.keys().copied().collect::<Vec<_>>().join(", "));
        resource.settings.insert(hidden, key.map(|key| digest(key, pairs)));
    }

    /// Sets a setting to the digest of a text that may hold a secret.
    pub(super) fn set_digest(self, resource: &mut MapResource, setting: &str, field: &str, key: Option<&DigestKey>) {
        let is_empty = |value: &&Value| value.as_object().is_some_and(JsonObject::is_empty);
        if let Some(value) = self.get(field).filter(|value| !is_empty(value)) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            resource.settings.insert(setting.to_owned(), key.map(|key| digest(key, [("", text.as_str())])));
        }
    }

    /// Tags as an object of keys and values; unknown if they cannot be read, none if the field is absent.
    pub(super) fn tags(self, field: &str) -> Option<BTreeMap<String, String>> {
        match self.get(field) {
            None => Some(BTreeMap::new()),
            Some(value) => {
                value.as_object()?.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
            }
        }
    }

    /// Tags as a list of `Key` and `Value`.
    pub(super) fn tag_list(self, field: &str) -> Option<BTreeMap<String, String>> {
        match self.get(field) {
            None => Some(BTreeMap::new()),
            Some(value) => {
                let pair =
                    |tag: &Value| Some((tag.get("Key")?.as_str()?.to_owned(), tag.get("Value")?.as_str()?.to_owned()));
                value.as_array()?.iter().map(pair).collect()
            }
        }
    }
}

/// The body of a call with the token of the page that is asked for, if it is not the first one.
pub(super) fn with_token(mut body: Value, name: &str, token: Option<String>) -> Value {
    if let (Some(body), Some(token)) = (body.as_object_mut(), token) {
        body.insert(name.to_owned(), token.into());
    }
    body
}

/// A text, number or flag as text.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number with its unit.
pub(super) fn with_unit(unit: &'static str) -> impl Fn(&Value) -> Option<String> {
    move |value| value.as_u64().map(|number| format!("{number} {unit}"))
}

/// A list of texts in order, separated by `, `: the order in which AWS lists subnets means nothing.
pub(super) fn sorted(value: &Value) -> Option<String> {
    let mut all: Vec<&str> = value.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    all.sort_unstable();
    Some(all.join(", "))
}

/// A time: seconds since 1970, or RFC 3339.
pub(super) fn time(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text).ok().map(Into::into),
        // Seconds fit a float exactly for longer than any time here.
        Value::Number(seconds) => DateTime::from_timestamp_millis((seconds.as_f64()? * 1000.0).round() as i64),
        _ => None,
    }
}

/// A time as text, in UTC.
pub(super) fn time_text(value: &Value) -> Option<String> {
    time(value).map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_unknown_and_what_is_absent_is_no_setting() {
        let of = serde_json::json!({"A": "x", "B": 512, "C": true, "D": ["x"], "E": null, "G": "", "V": {"X": 1}, "W": {"B": "1", "A": "2"}, "L": ["b", "a"]});
        let fields = Fields::new("x:Y", of.as_object().unwrap());
        let mut resource = MapResource::new("r");
        fields
            .set(&mut resource, &[("a", "A"), ("b", "B"), ("c", "C"), ("d", "D"), ("e", "E"), ("f", "F"), ("g", "G")]);
        fields.set_by(&mut resource, "memory", "B", with_unit("MB"));
        fields.set_by(&mut resource, "wrong", "A", with_unit("MB"));
        fields.set_by(&mut resource, "list", "L", sorted);
        fields.set_in(&mut resource, "A", &[("in", "X")]);
        fields.set_names(&mut resource, "unread", "V", Some(&DigestKey([1; 32])));
        fields.set_names(&mut resource, "names", "W", Some(&DigestKey([1; 32])));
        fields.set_names(&mut resource, "no_key", "W", None);
        let shown: Vec<String> =
            resource.settings.iter().map(|(name, text)| format!("{name}={}", text.as_deref().unwrap_or("?"))).collect();
        assert_eq!(
            shown.join(" ").replace(resource.setting("names_digest").unwrap(), "#"),
            "a=x b=512 c=yes d=? in=? list=a, b memory=512 MB names=A, B names_digest=# no_key=A, B no_key_digest=? unread=? unread_digest=? wrong=?"
        );
        let missing = fields.required("Name").unwrap_err();
        assert!(
            matches!(missing, MapStop::Failed(failure) if failure.call == "x:Y" && failure.said.contains("`Name`"))
        );
        assert_eq!(time_text(&serde_json::json!(1734696000.5)).as_deref(), Some("2024-12-20T12:00:00Z"));
        assert_eq!(time_text(&serde_json::json!("2024-12-20T21:00:00+09:00")).as_deref(), Some("2024-12-20T12:00:00Z"));
        assert_eq!(time(&serde_json::json!("yesterday")), None);
    }
}
