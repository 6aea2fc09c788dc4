//! `deny.toml`, which cargo-deny reads too: one definition of which licences, crates and registries are allowed.

use std::fs;

use semver::{Version, VersionReq};
use serde::Deserialize;
use spdx::Licensee;

use crate::cargo::top;

/// The file. A key that is not known here is refused: these tests would not check what cargo-deny checks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deny {
    pub graph: Graph,
    pub licenses: Licenses,
    pub bans: Bans,
    pub sources: Sources,
    #[serde(rename = "advisories")]
    _advisories: Option<toml::Table>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Graph {
    /// The platforms whose dependencies count.
    pub targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Licenses {
    pub allow: Vec<String>,
    #[serde(default)]
    pub exceptions: Vec<LicenseException>,
    /// These tests always look at the licences of dev-dependencies.
    #[serde(rename = "include-dev")]
    _include_dev: Always,
    #[serde(rename = "unused-allowed-license")]
    _unused_allowed_license: Refused,
    #[serde(rename = "unused-license-exception")]
    _unused_license_exception: Refused,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LicenseException {
    #[serde(rename = "crate")]
    pub spec: String,
    pub allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bans {
    #[serde(rename = "multiple-versions")]
    _multiple_versions: Refused,
    #[serde(rename = "multiple-versions-include-dev")]
    _multiple_versions_include_dev: Always,
    pub deny: Vec<Ban>,
    pub skip: Vec<Skip>,
}

/// A crate, perhaps only some of its versions, that must not be there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ban {
    #[serde(rename = "crate")]
    pub spec: String,
    pub reason: String,
    /// Crates that may depend on it all the same.
    #[serde(default)]
    pub wrappers: Vec<String>,
}

/// A version of a crate that may be there beside another one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skip {
    #[serde(rename = "crate")]
    pub spec: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Sources {
    #[serde(rename = "unknown-registry")]
    _unknown_registry: Refused,
    #[serde(rename = "unknown-git")]
    _unknown_git: Refused,
    pub allow_registry: Vec<String>,
}

/// The only value that these tests know: `true`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "bool")]
pub(crate) struct Always;

impl TryFrom<bool> for Always {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("must be true: house/tests/it does not know how to check less") }
    }
}

/// The only value that these tests know: `"deny"`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Refused;

impl TryFrom<String> for Refused {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        if value == "deny" { Ok(Self) } else { Err("must be \"deny\": house/tests/it does not know how to check less") }
    }
}

impl Deny {
    /// The file at the repository's top.
    pub(crate) fn load() -> Self {
        let text = fs::read_to_string(top().join("deny.toml")).expect("deny.toml");
        Self::parse(&text).unwrap_or_else(|problem| panic!("deny.toml: {problem}"))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

impl Licenses {
    /// The licences that a crate may be used under.
    pub(crate) fn allowed(&self, name: &str, version: &Version) -> Vec<Licensee> {
        let exceptions = self
            .exceptions
            .iter()
            .filter(|exception| matches(&exception.spec, name, version))
            .flat_map(|exception| &exception.allow);
        self.allow.iter().chain(exceptions).map(|text| licensee(text)).collect()
    }
}

/// A licence of `deny.toml`.
pub(crate) fn licensee(text: &str) -> Licensee {
    Licensee::parse(text).unwrap_or_else(|problem| panic!("deny.toml: {text:?} is not a licence of SPDX: {problem}"))
}

/// Whether a package spec of cargo-deny means this crate: `name`, `name:>=1, <2` or `name@1.2.3`.
pub(crate) fn matches(spec: &str, name: &str, version: &Version) -> bool {
    let (spec_name, requirement) = match spec.split_once([':', '@']) {
        None => (spec, VersionReq::STAR),
        Some((spec_name, text)) => {
            let text = if spec.contains('@') { format!("={text}") } else { text.to_owned() };
            (
                spec_name,
                VersionReq::parse(&text)
                    .unwrap_or_else(|problem| panic!("deny.toml: {spec:?} has no version that can be read: {problem}")),
            )
        }
    };
    spec_name == name && requirement.matches(version)
}

#[test]
fn a_spec_means_a_crate_or_some_of_its_versions() {
    let check =
        |spec: &str, name: &str, version: &str| matches(spec, name, &Version::parse(version).expect("a version"));
    assert!(check("ring", "ring", "0.17.0"));
    assert!(!check("ring", "ring-io", "0.17.0"));
    assert!(check("rustls:<0.23", "rustls", "0.21.12"));
    assert!(!check("rustls:<0.23", "rustls", "0.23.46"));
    assert!(check("sha2@0.10.9", "sha2", "0.10.9"));
    assert!(!check("sha2@0.10.9", "sha2", "0.10.10"));
}

#[test]
fn what_these_tests_do_not_check_is_refused_in_deny_toml() {
    let text = fs::read_to_string(top().join("deny.toml")).expect("deny.toml");
    assert!(Deny::parse(&text).is_ok());
    for (from, to, problem) in [
        ("multiple-versions = \"deny\"", "multiple-versions = \"warn\"", "must be \"deny\""),
        ("include-dev = true", "include-dev = false", "must be true"),
        ("[bans]", "[bans]\nwildcards = \"deny\"", "unknown field"),
    ] {
        assert!(text.contains(from), "{from}");
        let message = Deny::parse(&text.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(message.contains(problem), "{to}: {message}");
    }
}
