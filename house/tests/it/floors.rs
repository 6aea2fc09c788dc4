//! What holds inside a crate that is not only a library: its modules stand in floors, some files do not know each
//! other, and only some name certain things. Where crates took over, cargo keeps the floors, and rows here can go.

use std::collections::BTreeSet;

use crate::cargo::{Metadata, PROGRAMS};
use crate::finding::{Finding, judge};
use crate::graph::{Arrows, arrows};
use crate::source::{self, Source};

/// The modules of a crate by floor, the lowest first. A module may name modules of lower floors only.
const FLOORS: &[(&str, &[&[&str]])] = &[
    ("monitor", &[&["config", "exit"], &["daemon", "app"], &["commands"]]),
    (
        "onestep-api",
        &[
            &["answer"],
            &["google_account"],
            &["settings"],
            &["store"],
            &["services"],
            &["background", "jobs"],
            &["app"],
            &["http"],
            &["start", "lambda", "server"],
            &["command"],
        ],
    ),
];

/// Modules of one floor that may know each other all the same.
const BESIDE: &[(&str, &str)] = &[("app", "daemon"), ("daemon", "app")];

/// Folders whose files do not know each other; only the folder's own file knows them all. Files that share their work
/// are named after it.
const SIBLINGS: &[(&str, &[&str])] = &[
    ("src/commands", &["arguments", "context", "daily_bill", "lookup", "output", "stop", "test_message"]),
    (
        "crates/lambda-log/src/diagnosis",
        &[
            "case",
            "cause",
            "cause_code",
            "cause_table",
            "causes",
            "code_cause",
            "custom",
            "evidence",
            "outcome",
            "python_frames",
            "recent",
            "sign",
            "verdict",
        ],
    ),
    ("crates/alerting/src/rules", &["condition", "finding", "measure", "required_data", "rule", "severity", "verdict"]),
    (
        "crates/notify/src",
        &[
            "email_form",
            "email_page",
            "email_partly",
            "http",
            "lib",
            "plain",
            "slack_api",
            "slack_blocks",
            "slack_errors",
            "slack_page",
            "slack_place",
            "slack_text",
            "smtp",
            "webhook_json",
        ],
    ),
    (
        "crates/source/src",
        &["billfile", "exact", "finder", "lib", "logfile", "metrics", "poll", "read", "regional", "retry"],
    ),
];

/// Files that list the kinds of their folder and so know all of them, as a `mod.rs` does.
const TABLES: &[&str] = &["crates/alerting/src/rules/condition.rs", "crates/source/src/read.rs"];

/// Words and ends of paths that the files of a folder do not use, with the reason.
const NOT_THERE: &[(&str, &[&str], &str)] = &[
    (
        "src/daemon/",
        &["WarmPing", "sdk", "Via"],
        "only app names concrete sources and receivers; the daemon knows traits",
    ),
    ("crates/model/src/", &["async", "await"], "pure code does not wait; its clippy.toml bans the rest by name"),
    ("crates/lambda-log/src/", &["async", "await"], "pure code does not wait; its clippy.toml bans the rest by name"),
    ("crates/billing/src/", &["async", "await"], "pure code does not wait; its clippy.toml bans the rest by name"),
    ("crates/account/src/", &["async", "await"], "pure code does not wait; its clippy.toml bans the rest by name"),
    ("crates/warmth/src/", &["async", "await"], "pure code does not wait; its clippy.toml bans the rest by name"),
    ("crates/alerting/src/", &["async", "await"], "pure code does not wait; its clippy.toml bans the rest by name"),
    ("api/core/src/", &["async", "await"], "pure code does not wait; its clippy.toml bans the rest by name"),
];

/// Ends of paths that only one file of a package uses: package, paths, file.
const ONLY_THERE: &[(&str, &[&str], &str)] = &[
    ("monitor", ENVIRONMENT, "src/config/environment.rs"),
    ("aws", ENVIRONMENT, "src/config/environment.rs"),
    ("notify", ENVIRONMENT, "src/config/environment.rs"),
    ("source", ENVIRONMENT, "src/config/environment.rs"),
    ("store", ENVIRONMENT, "src/config/environment.rs"),
    ("report", ENVIRONMENT, "src/config/environment.rs"),
    ("clock", WALL, "crates/clock/src/lib.rs"),
    ("monitor", WALL, "crates/clock/src/lib.rs"),
    ("aws", WALL, "crates/clock/src/lib.rs"),
    ("notify", WALL, "crates/clock/src/lib.rs"),
    ("source", WALL, "crates/clock/src/lib.rs"),
    ("store", WALL, "crates/clock/src/lib.rs"),
    ("report", WALL, "crates/clock/src/lib.rs"),
];

const ENVIRONMENT: &[&str] = &["env::var", "env::var_os", "env::vars", "env::vars_os"];

const WALL: &[&str] = &["Utc::now", "Local::now", "SystemTime::now"];

/// The most lines of a `main.rs`.
const MAX_MAIN: usize = 20;

/// The module below the root that a file belongs to.
fn module_of<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    let module = path.strip_prefix(root)?.split(['/', '.']).next()?;
    (!["lib", "main"].contains(&module)).then_some(module)
}

fn upward(arrows: &Arrows, root: &str, floors: &[&[&str]], beside: &[(&str, &str)]) -> Vec<Finding> {
    let floor = |module: &str| floors.iter().position(|modules| modules.contains(&module));
    let mut found = Vec::new();
    for (from, to, names) in
        arrows.iter().flat_map(|(from, targets)| targets.iter().map(move |(to, names)| (from, to, names)))
    {
        let (Some(here), Some(there)) = (module_of(from, root), module_of(to, root)) else { continue };
        let allowed = here == there || floor(there) < floor(here) || beside.contains(&(here, there));
        if floor(here).is_none() {
            found.push(Finding::new(
                from,
                format!("{from} is in no row of FLOORS (house/tests/it/floors.rs): decide for its floor"),
            ));
        } else if !allowed {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let fix = format!("{here} may only know lower floors; move it down, or hand it in");
            found.push(Finding::new(
                format!("{from} -> {to}"),
                format!("{from} uses {} of {to}: {fix}", names.join(", ")),
            ));
        }
    }
    found
}

fn siblings(arrows: &Arrows, folder: &str, shared: &[&str]) -> Vec<Finding> {
    let sibling = |path: &str| {
        let below = path.strip_prefix(folder)?.strip_prefix('/')?;
        let name = below.split('/').next()?.trim_end_matches(".rs");
        (name != "mod").then(|| name.to_owned())
    };
    let mut found = Vec::new();
    for (from, to) in arrows.iter().flat_map(|(from, targets)| targets.keys().map(move |to| (from, to))) {
        let (Some(here), Some(there)) = (sibling(from), sibling(to)) else { continue };
        if here != there && !shared.contains(&there.as_str()) && !TABLES.contains(&from.as_str()) {
            let fix = format!(
                "files of {folder} do not know each other; move what both need into a file that SIBLINGS (house/tests/it/floors.rs) names"
            );
            found.push(Finding::new(format!("{from} -> {to}"), format!("{from} uses {to}: {fix}")));
        }
    }
    found
}

/// Those of `wanted` that a file uses: a word anywhere, or a path such as `std::fs` as a part of a longer one.
fn used<'a>(source: &Source, wanted: &[&'a str]) -> Vec<&'a str> {
    let scopes = || source.scopes.values();
    let paths: Vec<&[String]> = scopes()
        .flat_map(|scope| {
            scope.imports.iter().map(|import| import.path.as_slice()).chain(scope.paths.iter().map(Vec::as_slice))
        })
        .collect();
    let words: BTreeSet<&str> = scopes().flat_map(|scope| &scope.words).map(String::as_str).collect();
    let has = |wanted: &&str| {
        let parts: Vec<&str> = wanted.split("::").collect();
        words.contains(*wanted) || paths.iter().any(|path| path.windows(parts.len()).any(|window| window == parts))
    };
    wanted.iter().copied().filter(|wanted| has(wanted)).collect()
}

fn not_there(source: &Source, folder: &str, words: &[&str], reason: &str) -> Vec<Finding> {
    if !source.path.starts_with(folder) {
        return Vec::new();
    }
    let text = |word: &str| format!("{} uses {word}: {reason}", source.path);
    used(source, words).into_iter().map(|word| Finding::new(format!("{}: {word}", source.path), text(word))).collect()
}

fn only_there(source: &Source, paths: &[&str], file: &str) -> Vec<Finding> {
    if source.path == file {
        return Vec::new();
    }
    let text = |path: &str| format!("{} uses {path}, which only {file} may: ask that file for it", source.path);
    used(source, paths).into_iter().map(|path| Finding::new(format!("{}: {path}", source.path), text(path))).collect()
}

#[test]
fn modules_stand_in_floors_and_siblings_do_not_know_each_other() {
    let metadata = Metadata::load();
    let mut findings = Vec::new();
    let mut files = BTreeSet::new();
    for (name, package) in metadata.shipped(PROGRAMS) {
        let sources = source::shipped(package);
        let arrows = arrows(&sources);
        let root = format!("{}/src/", source::from_top(package.folder())).trim_start_matches('/').to_owned();
        findings.extend(
            FLOORS.iter().filter(|(of, _)| *of == name).flat_map(|(_, floors)| upward(&arrows, &root, floors, BESIDE)),
        );
        findings.extend(SIBLINGS.iter().flat_map(|(folder, shared)| siblings(&arrows, folder, shared)));
        findings.extend(sources.iter().flat_map(|source| {
            NOT_THERE.iter().flat_map(|(folder, words, reason)| not_there(source, folder, words, reason))
        }));
        let only = ONLY_THERE.iter().filter(|(of, ..)| *of == name);
        findings.extend(
            only.flat_map(|(_, paths, file)| sources.iter().flat_map(|source| only_there(source, paths, file))),
        );
        files.extend(sources.iter().map(|source| source.path.clone()));
        for main in package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bin")) {
            let text = source::text(&main.src_path);
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//")).count();
            if lines > MAX_MAIN {
                let path = source::from_top(&main.src_path);
                findings.push(Finding::new(
                    &path,
                    format!("{path} has {lines} lines, {MAX_MAIN} are allowed: it only calls the library"),
                ));
            }
        }
    }
    for folder in SIBLINGS
        .iter()
        .map(|(folder, _)| folder)
        .chain(NOT_THERE.iter().map(|(folder, ..)| folder))
        .chain(ONLY_THERE.iter().map(|(.., file)| file))
    {
        assert!(
            files.iter().any(|path| path.starts_with(folder)),
            "house/tests/it/floors.rs names {folder}, where no file is: correct the row"
        );
    }
    judge("floors", &findings);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Vec<Source> {
        source::read_all(
            files.iter().map(|(path, text)| (format!("src/{path}"), (*path).to_owned(), (*text).to_owned())).collect(),
        )
    }

    fn keys(found: &[Finding]) -> Vec<&str> {
        found.iter().map(|finding| finding.key.as_str()).collect()
    }

    #[test]
    fn an_arrow_up_or_to_the_same_floor_is_refused() {
        let check = |core: &str, store: &str, expected: &[&str]| {
            let sources = read(&[
                ("lib.rs", "mod core; mod store; mod aws;"),
                ("core.rs", core),
                ("store.rs", store),
                ("aws.rs", "pub struct Spent;"),
            ]);
            let found = upward(&arrows(&sources), "src/", &[&["core"], &["store", "aws"]], &[("store", "aws")]);
            assert_eq!(keys(&found), expected, "{found:#?}");
        };
        check("pub struct A;", "use crate::core::A; use crate::aws::Spent; pub struct B;", &[]);
        check("use crate::store::B;", "pub struct B;", &["src/core.rs -> src/store.rs"]);
        check("fn f() { crate::aws::Spent; }", "", &["src/core.rs -> src/aws.rs"]);
    }

    #[test]
    fn a_module_on_no_floor_is_refused() {
        let sources =
            read(&[("lib.rs", "mod core; mod web;"), ("core.rs", "pub struct A;"), ("web.rs", "use crate::core::A;")]);
        assert_eq!(keys(&upward(&arrows(&sources), "src/", &[&["core"]], &[])), ["src/web.rs"]);
    }

    #[test]
    fn a_file_that_names_its_sibling_is_refused() {
        let check = |slack: &str, expected: &[&str]| {
            let lib = ("lib.rs", "mod notify;");
            let parent = ("notify/mod.rs", "mod mail; mod slack; mod text; pub struct Told;");
            let sources = read(&[
                lib,
                parent,
                ("notify/mail.rs", "pub struct M;"),
                ("notify/text.rs", "pub struct T;"),
                ("notify/slack/mod.rs", slack),
            ]);
            let found = siblings(&arrows(&sources), "src/notify", &["text"]);
            assert_eq!(keys(&found), expected, "{found:#?}");
        };
        check("use super::Told; use super::text::T;", &[]);
        check("use super::mail::M;", &["src/notify/slack/mod.rs -> src/notify/mail.rs"]);
    }

    #[test]
    fn a_word_that_does_not_belong_there_is_refused() {
        let sources = read(&[(
            "daemon.rs",
            "use crate::aws::sdk::Sdk; use std::fs::File; fn f() { \"Via\"; chrono::Utc::now(); }",
        )]);
        let check = |folder: &str, words: &[&str], expected: &[&str]| {
            assert_eq!(keys(&not_there(&sources[0], folder, words, "traits")), expected);
        };
        check("src/daemon", &["sdk", "Via"], &["src/daemon.rs: sdk"]);
        check("src/app", &["sdk"], &[]);
        check("src/daemon", &["std::fs", "std::env", "fs"], &["src/daemon.rs: std::fs", "src/daemon.rs: fs"]);
        assert_eq!(
            keys(&only_there(&sources[0], &["Utc::now", "env::var"], "src/clock.rs")),
            ["src/daemon.rs: Utc::now"]
        );
        assert_eq!(keys(&only_there(&sources[0], &["Utc::now"], "src/daemon.rs")), Vec::<&str>::new());
    }
}
