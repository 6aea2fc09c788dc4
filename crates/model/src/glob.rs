//! Names with wildcards, such as `backend-*`.

use std::fmt;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::settings::TableReader;
use super::subject::Subject;

/// Longer than any function's name (64 characters) with its ARN; a pattern without bound could take memory without
/// bound.
const LONGEST_PATTERN: usize = 256;

/// A name, or a pattern of names with `*`, `?` and `[...]`.
#[derive(Debug, Clone)]
pub struct NamePattern {
    glob: GlobMatcher,
    /// A name without a wildcard is only meant where it is found.
    only_found: bool,
}

impl NamePattern {
    /// Whether a name fits.
    pub fn fits(&self, name: &str) -> bool {
        self.glob.is_match(name)
    }

    /// The name, if the pattern has no wildcard and so means just one.
    pub fn exact(&self) -> Option<&str> {
        (!self.only_found && self.literal_start().len() == self.as_str().len()).then(|| self.as_str())
    }

    /// The same pattern for a place that need not have what it names: [`Self::exact`] gives nothing.
    #[must_use]
    pub fn where_found(self) -> Self {
        Self { only_found: true, ..self }
    }

    /// What every fitting name starts with.
    pub fn literal_start(&self) -> &str {
        let text = self.as_str();
        text.find(['*', '?', '[', '{', '\\']).and_then(|end| text.get(..end)).unwrap_or(text)
    }

    /// The pattern as typed.
    pub fn as_str(&self) -> &str {
        self.glob.glob().glob()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for NamePattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for NamePattern {}

impl Serialize for NamePattern {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl std::str::FromStr for NamePattern {
    type Err = de::value::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::deserialize(de::value::StrDeserializer::new(text))
    }
}

impl<'de> Deserialize<'de> for NamePattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text.trim().is_empty() {
            return Err(de::Error::custom("expected a name or a pattern such as \"backend-*\""));
        }
        if text.len() > LONGEST_PATTERN {
            return Err(de::Error::custom(format!("a pattern must have at most {LONGEST_PATTERN} characters")));
        }
        let glob =
            Glob::new(&text).map_err(|error| de::Error::custom(format!("not a valid pattern: {}", error.kind())))?;
        Ok(Self { glob: glob.compile_matcher(), only_found: false })
    }
}

/// The functions of a rule: those that match any of its patterns, or all if it has none.
#[derive(Debug, Clone, Default)]
pub struct FunctionFilter(Vec<NamePattern>);

impl FunctionFilter {
    /// Reads the optional key `functions`.
    pub fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        if settings.has("functions") { settings.some("functions").map(Self) } else { Some(Self::default()) }
    }

    /// Whether a function is among them.
    pub fn fit(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.fits(name))
    }

    /// Whether a subject is one of them.
    pub fn cover(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Function(name) if self.fit(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_names() {
        let read = |text: &str| serde_json::from_value::<NamePattern>(text.into());
        let pattern = read("backend-*").unwrap();
        assert!(pattern.fits("backend-dev") && pattern.fits("backend-") && !pattern.fits("my-backend-dev"));
        assert_eq!((pattern.literal_start(), pattern.exact()), ("backend-", None));
        assert_eq!(read("backend-dev").unwrap().exact(), Some("backend-dev"));
        let found = read("backend-dev").unwrap().where_found();
        assert!(found.exact().is_none() && found.fits("backend-dev") && !found.fits("backend-dev2"));
        assert_eq!(found.literal_start(), "backend-dev");
        assert!(read("").is_err() && read("[a").is_err() && read(&"?".repeat(3_000_000)).is_err());
    }
}
