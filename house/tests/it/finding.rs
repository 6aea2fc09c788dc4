//! What a check finds, and the list of what is known to be wrong (`known.toml`), which may only become shorter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// One thing that a check refuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// What `known.toml` calls it.
    pub key: String,
    /// What is wrong, where, and what to do.
    pub text: String,
}

impl Finding {
    pub(crate) fn new(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }
}

/// Findings that are not in `known`, and entries of `known` that are no longer found.
pub(crate) fn compare(check: &str, findings: &[Finding], known: &BTreeSet<String>) -> Result<(), String> {
    let found: BTreeSet<&str> = findings.iter().map(|finding| finding.key.as_str()).collect();
    let new =
        findings.iter().filter(|finding| !known.contains(&finding.key)).map(|finding| format!("- {}", finding.text));
    let gone = known.iter().filter(|key| !found.contains(key.as_str()));
    let gone = gone.map(|key| format!("- {key:?} is no longer found: delete it from `{check}` in house/known.toml"));
    let all: Vec<String> = new.chain(gone).collect();
    if all.is_empty() {
        return Ok(());
    }
    let rows: String = found.iter().map(|key| format!("    {key:?},\n")).collect();
    Err(format!(
        "{check}: {} to mend\n{}\nAll that is found now, as house/known.toml lists it:\n{check} = [\n{rows}]\n",
        all.len(),
        all.join("\n")
    ))
}

/// Fails unless the findings are exactly those that `house/known.toml` lists under `check`.
pub(crate) fn judge(check: &str, findings: &[Finding]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("known.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
    let all: BTreeMap<String, BTreeSet<String>> =
        toml::from_str(&text).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
    let unknown: Vec<&String> = all.keys().filter(|name| !CHECKS.contains(&name.as_str())).collect();
    assert!(
        unknown.is_empty(),
        "house/known.toml has keys that no check reads: {unknown:?}; the checks are {CHECKS:?}"
    );
    assert!(CHECKS.contains(&check), "{check} is missing in CHECKS");
    if let Err(text) = compare(check, findings, all.get(check).unwrap_or(&BTreeSet::new())) {
        panic!("{text}");
    }
}

/// The keys of `known.toml`.
const CHECKS: &[&str] =
    &["arrows", "circles", "dependencies", "features", "floors", "links", "map", "money", "names", "sizes"];

#[test]
fn a_finding_that_is_not_known_fails_and_so_does_a_known_one_that_is_gone() {
    let findings = [Finding::new("a", "a is wrong"), Finding::new("b", "b is wrong")];
    let known = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();

    assert_eq!(compare("sizes", &findings, &known(&["a", "b"])), Ok(()));
    let rows = "All that is found now, as house/known.toml lists it:\nsizes = [\n    \"a\",\n    \"b\",\n]\n";
    assert_eq!(compare("sizes", &findings, &known(&["a"])), Err(format!("sizes: 1 to mend\n- b is wrong\n{rows}")));
    let gone = "sizes: 1 to mend\n- \"c\" is no longer found: delete it from `sizes` in house/known.toml\n";
    assert_eq!(compare("sizes", &findings, &known(&["a", "b", "c"])), Err(format!("{gone}{rows}")));
}
