//! What cargo says of the workspace: `cargo metadata` for packages and their dependencies, `cargo tree` for what is
//! really built.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use semver::Version;
use serde::Deserialize;

use crate::deny::Deny;

/// The programs that are shipped. Their crates are the shipped ones.
pub(crate) const PROGRAMS: &[&str] = &["monitor", "onestep-api"];

/// The package that only turns on features; no code names it, and the crates that it names are no choice of their own.
pub(crate) const FEATURES: &str = "shared-features";

/// The answer of `cargo metadata --format-version 1`, as far as it is needed.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub packages: Vec<Package>,
    pub workspace_members: Vec<String>,
    pub resolve: Resolve,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    pub name: String,
    pub version: Version,
    pub id: String,
    pub license: Option<String>,
    /// `None` for packages of this workspace.
    pub source: Option<String>,
    pub manifest_path: PathBuf,
    pub targets: Vec<Target>,
}

impl Package {
    /// The folder of its `Cargo.toml`.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new(""))
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Target {
    pub kind: Vec<String>,
    pub src_path: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub nodes: Vec<Node>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node {
    pub id: String,
    pub deps: Vec<Dependency>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    /// The name that code uses, after renaming.
    pub name: String,
    pub pkg: String,
    pub dep_kinds: Vec<DependencyKind>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DependencyKind {
    /// `None` at run time, otherwise `dev` or `build`.
    pub kind: Option<String>,
}

impl Dependency {
    /// Whether it is one of `kind`: `None` at run time, otherwise `dev` or `build`.
    pub(crate) fn is(&self, kind: Option<&str>) -> bool {
        self.dep_kinds.iter().any(|dep| dep.kind.as_deref() == kind)
    }
}

impl Metadata {
    /// Asks cargo, for the platforms that `deny.toml` names.
    pub(crate) fn load() -> Self {
        let platforms = Deny::load().graph.targets;
        let mut arguments = vec!["metadata", "--format-version", "1", "--locked"];
        arguments.extend(platforms.iter().flat_map(|platform| ["--filter-platform", platform]));
        serde_json::from_str(&cargo(&arguments)).expect("the answer of cargo metadata")
    }

    pub(crate) fn package(&self, id: &str) -> &Package {
        self.packages
            .iter()
            .find(|package| package.id == id)
            .unwrap_or_else(|| panic!("cargo metadata names no package {id}"))
    }

    /// The packages of this workspace, by name.
    pub(crate) fn members(&self) -> BTreeMap<&str, &Package> {
        self.workspace_members
            .iter()
            .map(|id| self.package(id))
            .map(|package| (package.name.as_str(), package))
            .collect()
    }

    pub(crate) fn dependencies(&self, id: &str) -> &[Dependency] {
        self.resolve.nodes.iter().find(|node| node.id == id).map(|node| node.deps.as_slice()).unwrap_or_default()
    }

    /// The packages of this workspace that `roots` are made of, `roots` among them, by name.
    pub(crate) fn shipped(&self, roots: &[&str]) -> BTreeMap<&str, &Package> {
        let members = self.members();
        let mut found = BTreeMap::new();
        let mut open: VecDeque<&str> = roots.iter().copied().collect();
        while let Some(name) = open.pop_front() {
            let package = *members
                .get(name)
                .unwrap_or_else(|| panic!("{name} is no package of this workspace: correct PROGRAMS"));
            if found.insert(package.name.as_str(), package).is_none() {
                let below = self
                    .dependencies(&package.id)
                    .iter()
                    .filter(|dep| dep.is(None))
                    .map(|dep| self.package(&dep.pkg).name.as_str());
                open.extend(below.filter(|name| members.contains_key(name)));
            }
        }
        found
    }
}

/// The top of the repository.
pub(crate) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("house/ is a folder of the repository")
}

/// What cargo prints. Each command is run once.
fn cargo(arguments: &[&str]) -> String {
    static RUN: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut run = RUN.lock().unwrap_or_else(PoisonError::into_inner);
    run.entry(arguments.join(" ")).or_insert_with(|| run_cargo(arguments)).clone()
}

fn run_cargo(arguments: &[&str]) -> String {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from(env!("CARGO")));
    let output = Command::new(program).args(arguments).current_dir(top()).output().expect("cargo starts");
    assert!(output.status.success(), "cargo {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// A crate as cargo builds it: its name with its version, and its features with commas between.
pub(crate) type Built = (String, String);

/// What cargo builds for some packages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    /// The crates that run on the target, by name and version.
    pub target: BTreeMap<String, BTreeSet<String>>,
    /// All crates, those that run in the compiler and in build scripts among them.
    pub all: BTreeSet<Built>,
}

impl Tree {
    /// Asks cargo. `selection` is as for `cargo build`; `edges` is what cargo calls `--edges`.
    ///
    /// `--edges` without `dev` also leaves the features out that dev-dependencies turn on, as `cargo build` does.
    /// `--target` is named because cargo otherwise does not tell a crate that a macro needs from the same crate in the
    /// program.
    pub(crate) fn load(selection: &[&str], edges: &str, platform: &str) -> Self {
        let mut arguments = vec![
            "tree", "--locked", "--target", platform, "--edges", edges, "--prefix", "depth", "--format", "|{p}|{f}",
        ];
        arguments.extend(selection);
        Self::parse(&cargo(&arguments))
    }

    /// Reads lines such as `2|regex v1.13.2|std,perf (*)`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut tree = Self::default();
        // For each depth above the line at hand: whether that crate runs in the compiler.
        let mut above: Vec<bool> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let mut parts = line.trim_end_matches(" (*)").splitn(3, '|');
            let (Some(depth), Some(name), Some(features)) =
                (parts.next().and_then(|depth| depth.parse().ok()), parts.next(), parts.next())
            else {
                panic!("cargo tree prints a line in a form that is not known: {line}");
            };
            above.truncate(depth);
            let in_compiler = above.last().is_some_and(|above| *above) || name.contains("(proc-macro)");
            above.push(in_compiler);
            let name = name.split(" (").next().unwrap_or(name);
            tree.all.insert((name.to_owned(), features.to_owned()));
            if !in_compiler {
                tree.target.entry(name.to_owned()).or_default().insert(features.to_owned());
            }
        }
        tree
    }
}

#[test]
fn a_crate_below_a_macro_is_not_one_of_the_program() {
    let text = "0|monitor v0.1.0 (/a/b)|\n1|serde v1.0.0|derive\n2|serde_derive v1.0.0 (proc-macro)|default\n3|syn v2.0.0|full\n1|regex v1.0.0|std (*)\n";
    let tree = Tree::parse(text);
    assert_eq!(tree.target.keys().collect::<Vec<_>>(), ["monitor v0.1.0", "regex v1.0.0", "serde v1.0.0"]);
    assert!(tree.all.contains(&("syn v2.0.0".to_owned(), "full".to_owned())));
    assert_eq!(tree.target["regex v1.0.0"], BTreeSet::from(["std".to_owned()]));
}
