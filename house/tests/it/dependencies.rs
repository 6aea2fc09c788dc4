//! The crates of others: their licences, where they come from, which are banned, which are there twice, and whether the
//! code names them. `deny.toml` is the definition.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use spdx::{Expression, ParseMode};

use crate::cargo::{FEATURES, Metadata, Package, Tree};
use crate::deny::{Deny, licensee, matches};
use crate::finding::{Finding, judge};
use crate::source;

/// Direct dependencies that no code names, with the reason why they are there.
const NOT_NAMED: &[(&str, &str, &str)] = &[];

/// A crate of the graph.
#[derive(Debug, Clone)]
struct Crate {
    name: String,
    version: Version,
    /// As `Cargo.toml` has it.
    licence: Option<String>,
    /// `None` for crates of this workspace.
    source: Option<String>,
    /// Who depends on it directly.
    users: BTreeSet<String>,
}

/// The crates that are built for the programs and their tests. `cargo metadata` also names those of features that
/// nothing turns on, which `cargo tree` does not.
fn built(metadata: &Metadata, platforms: &[String]) -> Vec<Crate> {
    let trees = platforms.iter().flat_map(|platform| Tree::load(&["--workspace"], "normal,build,dev", platform).all);
    let names: BTreeSet<String> = trees.map(|(name, _)| name).collect();
    let is_built = |package: &Package| names.contains(&format!("{} v{}", package.name, package.version));
    let nodes = || {
        metadata
            .resolve
            .nodes
            .iter()
            .map(|node| (metadata.package(&node.id), node))
            .filter(|(package, _)| is_built(package))
    };
    let mut users: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (package, node) in nodes() {
        for dependency in &node.deps {
            users.entry(&dependency.pkg).or_default().insert(package.name.clone());
        }
    }
    let crates = nodes().map(|(package, _)| Crate {
        name: package.name.clone(),
        version: package.version.clone(),
        licence: package.license.clone(),
        source: package.source.clone(),
        users: users.remove(package.id.as_str()).unwrap_or_default(),
    });
    crates.collect()
}

fn licences(crates: &[Crate], deny: &Deny) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    for Crate { name, version, licence, .. } in crates {
        let text = licence.as_deref().unwrap_or("none");
        let allowed = deny.licenses.allowed(name, version);
        let expression = Expression::parse_mode(text, ParseMode::LAX).ok();
        if let Some(expression) = &expression {
            let requirements = expression.requirements().map(|requirement| &requirement.req);
            named.extend(requirements.flat_map(|requirement| {
                allowed.iter().filter(|licence| licence.satisfies(requirement)).map(ToString::to_string)
            }));
        }
        if !expression.is_some_and(|expression| {
            expression.evaluate(|requirement| allowed.iter().any(|licence| licence.satisfies(requirement)))
        }) {
            let fix = "replace it, or allow the licence in deny.toml ([licenses])";
            found.push(Finding::new(
                format!("licence of {name}"),
                format!("the licence of {name} {version} is not allowed: {text}; {fix}"),
            ));
        }
    }
    let rows = deny.licenses.allow.iter().chain(deny.licenses.exceptions.iter().flat_map(|exception| &exception.allow));
    let idle = rows.filter(|text| !named.contains(&licensee(text).to_string()));
    found.extend(idle.map(|text| {
        Finding::new(
            format!("licence {text}"),
            format!("no crate has the licence {text}: delete it from deny.toml ([licenses])"),
        )
    }));
    let idle = deny
        .licenses
        .exceptions
        .iter()
        .filter(|exception| !crates.iter().any(|one| matches(&exception.spec, &one.name, &one.version)));
    found.extend(idle.map(|exception| {
        let spec = &exception.spec;
        Finding::new(
            format!("licence of {spec}"),
            format!("{spec} is not used any more: delete its exception from deny.toml ([licenses])"),
        )
    }));
    found
}

fn banned(crates: &[Crate], deny: &Deny) -> Vec<Finding> {
    let pairs = crates.iter().flat_map(|one| deny.bans.deny.iter().map(move |row| (one, row)));
    let hits = pairs.filter(|(one, row)| matches(&row.spec, &one.name, &one.version));
    let hits =
        hits.filter(|(one, row)| row.wrappers.is_empty() || !one.users.iter().all(|user| row.wrappers.contains(user)));
    hits.map(|(Crate { name, version, users, .. }, row)| {
        let users: Vec<&str> = users
            .iter()
            .map(String::as_str)
            .filter(|user| !row.wrappers.iter().any(|wrapper| wrapper == user))
            .collect();
        let text = format!("{name} {version} is banned, {}: it is a dependency of {}", row.reason, users.join(" and "));
        Finding::new(format!("banned {name}"), text)
    })
    .collect()
}

fn sources(crates: &[Crate], deny: &Deny) -> Vec<Finding> {
    let allowed = |source: &str| {
        deny.sources.allow_registry.iter().any(|registry| source.strip_prefix("registry+") == Some(registry))
    };
    let wrong = crates
        .iter()
        .filter_map(|one| one.source.as_deref().filter(|source| !allowed(source)).map(|source| (one, source)));
    wrong
        .map(|(Crate { name, version, .. }, source)| {
            let fix = "take it from a registry that deny.toml allows ([sources])";
            Finding::new(format!("source of {name}"), format!("{name} {version} comes from {source}: {fix}"))
        })
        .collect()
}

fn duplicates(crates: &[Crate], deny: &Deny) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<&Version>> = BTreeMap::new();
    for one in crates {
        versions.entry(&one.name).or_default().push(&one.version);
    }
    let mut found = Vec::new();
    for (name, versions) in &versions {
        let skipped = |version: &&&Version| deny.bans.skip.iter().any(|row| matches(&row.spec, name, version));
        let left: Vec<String> = versions.iter().filter(|version| !skipped(version)).map(ToString::to_string).collect();
        if left.len() > 1 {
            let fix = format!(
                "bring it to one version, or give a reason for all but one in deny.toml ([bans] skip); see `cargo tree --workspace -i {name}@VERSION`"
            );
            found.push(Finding::new(
                format!("twice {name}"),
                format!("{name} is there as {}: {fix}", left.join(" and ")),
            ));
        }
    }
    let needed = |spec: &str| {
        versions.iter().any(|(name, versions)| {
            let skipped = versions.iter().filter(|version| matches(spec, name, version)).count();
            skipped > 0 && versions.len() > skipped
        })
    };
    let idle = deny.bans.skip.iter().filter(|row| !needed(&row.spec));
    found.extend(idle.map(|row| {
        Finding::new(
            format!("twice {}", row.spec),
            format!("{} is not there twice: delete it from deny.toml ([bans] skip)", row.spec),
        )
    }));
    found
}

/// A direct dependency of a package: the name that code uses, the crate's name, and whether the code that it is for
/// names it.
#[derive(Debug)]
struct Direct<'a> {
    package: &'a str,
    name: &'a str,
    /// Where it would have to be named.
    code: &'a str,
    named: bool,
}

fn not_named(direct: &[Direct<'_>], excused: &[(&str, &str, &str)]) -> Vec<Finding> {
    let excuse =
        |one: &Direct<'_>| excused.iter().any(|(package, name, _)| (*package, *name) == (one.package, one.name));
    let wrong = direct.iter().filter(|one| !one.named && !excuse(one));
    let wrong = wrong.map(|Direct { package, name, code, .. }| {
        let text = format!("{package} depends on {name}, which {code} never names: delete it from its Cargo.toml, or give a reason in NOT_NAMED");
        Finding::new(format!("unused {package} -> {name}"), text)
    });
    let idle = excused.iter().filter(|(package, name, _)| {
        !direct.iter().any(|one| (one.package, one.name) == (*package, *name) && !one.named)
    });
    let idle = idle.map(|(package, name, _)| {
        Finding::new(
            format!("unused {package} -> {name}"),
            format!("NOT_NAMED excuses {package} -> {name} without need"),
        )
    });
    wrong.chain(idle).collect()
}

#[test]
fn crates_of_others_are_those_that_deny_toml_allows() {
    let deny = Deny::load();
    let metadata = Metadata::load();
    let crates = built(&metadata, &deny.graph.targets);
    let checks = [licences, banned, sources, duplicates];
    let mut findings: Vec<Finding> = checks.iter().flat_map(|check| check(&crates, &deny)).collect();

    let members = metadata.members();
    let mut direct = Vec::new();
    for package in members.values().filter(|package| package.name != FEATURES) {
        let shipped: BTreeSet<String> = package
            .targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "bin"))
            .flat_map(|target| source::crates_named_in(&source::text(&target.src_path)))
            .chain(source::shipped(package).iter().flat_map(|source| source.roots.clone()))
            .collect();
        let mut paths = Vec::new();
        source::files(package.folder(), &mut paths);
        let all: BTreeSet<String> =
            paths.iter().flat_map(|path| source::crates_named_in(&source::text(path))).collect();
        let build = Some(package.folder().join("build.rs"))
            .filter(|path| path.exists())
            .map(|path| source::crates_named_in(&source::text(&path)))
            .unwrap_or_default();
        for dependency in metadata.dependencies(&package.id) {
            let name = metadata.package(&dependency.pkg).name.as_str();
            if name == FEATURES {
                continue;
            }
            for (kind, code, named) in [
                (None, "its code without tests", &shipped),
                (Some("dev"), "a test or a bench", &all),
                (Some("build"), "build.rs", &build),
            ] {
                if dependency.is(kind) {
                    direct.push(Direct { package: &package.name, name, code, named: named.contains(&dependency.name) });
                }
            }
        }
    }
    findings.extend(not_named(&direct, NOT_NAMED));
    findings.sort();
    judge("dependencies", &findings);
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = r#"
        graph.targets = []
        [licenses]
        allow = ["MIT", "Apache-2.0 WITH LLVM-exception"]
        exceptions = [{ crate = "font", allow = ["OFL-1.1"] }]
        include-dev = true
        unused-allowed-license = "deny"
        unused-license-exception = "deny"
        [bans]
        multiple-versions = "deny"
        multiple-versions-include-dev = true
        deny = [
            { crate = "rustls:<0.23", reason = "one stack" },
            { crate = "cmake", wrappers = ["aws-lc-sys"], reason = "only cc" },
        ]
        skip = [{ crate = "sha2@0.10.9", reason = "the SDK's" }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
        allow-registry = ["https://example.org/index"]
    "#;

    fn one(name: &str, version: &str, licence: Option<&str>, source: Option<&str>) -> Crate {
        Crate {
            name: name.to_owned(),
            version: Version::parse(version).expect("a version"),
            licence: licence.map(str::to_owned),
            source: source.map(str::to_owned),
            users: BTreeSet::new(),
        }
    }

    fn check(of: fn(&[Crate], &Deny) -> Vec<Finding>, crates: &[Crate], expected: &[&str]) {
        let found = of(crates, &Deny::parse(DENY).expect("deny.toml"));
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_refused_and_so_is_one_that_no_crate_has() {
        let font = one("font", "1.0.0", Some("OFL-1.1"), None);
        let clang = one("clang", "1.0.0", Some("Apache-2.0 WITH LLVM-exception"), None);
        let with = |licence: Option<&str>| vec![font.clone(), clang.clone(), one("a", "1.0.0", licence, None)];
        check(licences, &with(Some("MIT")), &[]);
        check(licences, &with(Some("MIT/GPL-3.0")), &[]);
        check(licences, &with(Some("MIT AND GPL-3.0")), &["licence of a"]);
        check(licences, &with(Some("OFL-1.1")), &["licence of a", "licence MIT"]);
        check(licences, &with(None), &["licence of a", "licence MIT"]);
        check(licences, &[clang, one("a", "1.0.0", Some("MIT"), None)], &["licence OFL-1.1", "licence of font"]);
    }

    #[test]
    fn a_banned_crate_is_refused_with_its_reason() {
        check(banned, &[one("rustls", "0.23.1", None, None), one("ring", "0.17.0", None, None)], &[]);
        check(banned, &[one("rustls", "0.22.1", None, None)], &["banned rustls"]);
        let cmake = |users: &[&str]| Crate {
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            ..one("cmake", "0.1.0", None, None)
        };
        check(banned, &[cmake(&["aws-lc-sys"])], &[]);
        check(banned, &[cmake(&["aws-lc-sys", "zlib"])], &["banned cmake"]);
    }

    #[test]
    fn a_crate_from_elsewhere_is_refused() {
        check(
            sources,
            &[one("ours", "1.0.0", None, None), one("a", "1.0.0", None, Some("registry+https://example.org/index"))],
            &[],
        );
        check(sources, &[one("a", "1.0.0", None, Some("git+https://example.org/index"))], &["source of a"]);
        check(sources, &[one("a", "1.0.0", None, Some("registry+https://example.org/other"))], &["source of a"]);
    }

    #[test]
    fn a_crate_in_two_versions_needs_a_reason_and_a_reason_needs_two_versions() {
        let crates = |names: &[(&str, &str)]| {
            names.iter().map(|(name, version)| one(name, version, None, None)).collect::<Vec<_>>()
        };
        check(duplicates, &crates(&[("sha2", "0.10.9"), ("sha2", "0.11.1")]), &[]);
        check(duplicates, &crates(&[("sha2", "0.10.9"), ("sha2", "0.11.1"), ("sha2", "0.9.0")]), &["twice sha2"]);
        check(
            duplicates,
            &crates(&[("sha2", "0.10.9"), ("sha2", "0.11.1"), ("md5", "1.0.0"), ("md5", "2.0.0")]),
            &["twice md5"],
        );
        check(duplicates, &crates(&[("sha2", "0.10.9")]), &["twice sha2@0.10.9"]);
        check(duplicates, &crates(&[("sha2", "0.11.1")]), &["twice sha2@0.10.9"]);
    }

    #[test]
    fn a_dependency_that_no_code_names_is_refused() {
        let direct = |named| [Direct { package: "monitor", name: "regex", code: "its code", named }];
        let keys = |found: Vec<Finding>| found.into_iter().map(|finding| finding.key).collect::<Vec<_>>();
        assert_eq!(keys(not_named(&direct(true), &[])), Vec::<String>::new());
        assert_eq!(keys(not_named(&direct(false), &[])), ["unused monitor -> regex"]);
        assert_eq!(keys(not_named(&direct(false), &[("monitor", "regex", "its features")])), Vec::<String>::new());
        assert_eq!(
            keys(not_named(&direct(true), &[("monitor", "regex", "its features")])),
            ["unused monitor -> regex"]
        );
    }

    #[test]
    fn a_crate_is_named_by_a_path_or_a_use_and_not_by_a_comment_or_a_text() {
        let named = source::crates_named_in(
            "// regex::a\nuse {url, tokio as t};\nfn f() { m!(png::x); b::serde::c(); let time = \"csv::d\"; Vec::<xml::E>::new() }",
        );
        for (name, expected) in [
            ("regex", false),
            ("url", true),
            ("tokio", true),
            ("png", true),
            ("serde", false),
            ("time", false),
            ("csv", false),
            ("xml", true),
        ] {
            assert_eq!(named.contains(name), expected, "{name}");
        }
    }
}
