//! The Rust files of a package, read with `syn`: which paths they name and which items they define, without their
//! tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, Item, Meta, Token, TraitItem, UseTree, Visibility};

use crate::cargo::{Package, top};

/// A path by its segments: `crate::a::B` is `["crate", "a", "B"]`.
pub(crate) type Segments = Vec<String>;

/// One file without what is only compiled for tests.
#[derive(Debug, Default, Clone)]
pub(crate) struct Source {
    /// From the repository's top, with `/`.
    pub path: String,
    /// The module that it is, from the crate's root.
    pub module: Segments,
    /// How many lines it has.
    pub lines: usize,
    /// Its modules: itself first, then those with braces. The first part is the path below the file's own module.
    pub scopes: BTreeMap<Segments, Scope>,
    /// First segments of paths: among them the crates that it names.
    pub roots: BTreeSet<String>,
    /// Its lines without comments, each with its number.
    pub code: Vec<(usize, String)>,
}

/// What is written in one module.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scope {
    /// Names of items.
    pub items: BTreeSet<String>,
    /// Types that can be seen outside, each with its line.
    pub public_types: Vec<(String, usize)>,
    pub imports: Vec<Import>,
    /// Paths with more than one segment, `use` declarations left out.
    pub paths: BTreeSet<Segments>,
    /// All words, `use` declarations left out.
    pub words: BTreeSet<String>,
}

/// One name of a `use` declaration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    /// The name here; `None` for `*`.
    pub name: Option<String>,
    pub path: Segments,
    /// `pub use`: others may find the name here.
    pub public: bool,
}

/// The shipped files of a package, by path; `main.rs` beside a `lib.rs` is left out, since it is a crate of its own.
/// Each package is read once.
pub(crate) fn shipped(package: &Package) -> Arc<Vec<Source>> {
    static READ: Mutex<BTreeMap<PathBuf, Arc<Vec<Source>>>> = Mutex::new(BTreeMap::new());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let sources = read.entry(package.manifest_path.clone()).or_insert_with(|| Arc::new(read_package(package)));
    Arc::clone(sources)
}

fn read_package(package: &Package) -> Vec<Source> {
    let kinds = ["lib", "rlib", "bin", "proc-macro"];
    let targets = package.targets.iter().filter(|target| target.kind.iter().any(|kind| kinds.contains(&kind.as_str())));
    let roots: BTreeSet<&Path> =
        targets.filter_map(|target| target.src_path.parent()).filter(|folder| !folder.ends_with("bin")).collect();
    let texts = roots.into_iter().flat_map(|root| {
        let mut found = Vec::new();
        files(root, &mut found);
        found
            .into_iter()
            .map(move |path| (from_top(&path), slashed(path.strip_prefix(root).unwrap_or(&path)), text(&path)))
    });
    read_all(texts.collect())
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

/// A path with `/`.
fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// A path from the repository's top, with `/`.
pub(crate) fn from_top(path: &Path) -> String {
    slashed(path.strip_prefix(top()).unwrap_or(path))
}

/// All Rust files below a folder, sorted; folders with a `Cargo.toml` of their own and `target` left out.
pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|problem| panic!("{}: {problem}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if !path.ends_with("target") && !path.join("Cargo.toml").exists() {
                files(&path, found);
            }
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Reads the files of one crate, given as path, path from the folder of `lib.rs`, and text.
pub(crate) fn read_all(texts: Vec<(String, String, String)>) -> Vec<Source> {
    let has_library = texts.iter().any(|(_, below, _)| below == "lib.rs");
    let mut tests = BTreeSet::new();
    let mut sources = Vec::new();
    for (path, below, text) in texts {
        if has_library && below == "main.rs" {
            continue;
        }
        let module = module(&below);
        let file = syn::parse_file(&text).unwrap_or_else(|problem| panic!("{path}: {problem}"));
        let mut reading = Reading {
            source: Source { path, module, ..Source::default() },
            tests: &mut tests,
            left_out: BTreeSet::new(),
        };
        reading.items(&file.items, &[]);
        let left_out = reading.left_out;
        let mut source = reading.source;
        source.lines = text.lines().count() - left_out.len();
        let code = text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(at, _)| !left_out.contains(at));
        source.code = code
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(at, line)| (at, line.to_owned()))
            .collect();
        sources.push(source);
    }
    sources.retain(|source| !(1..=source.module.len()).any(|end| tests.contains(&source.module[..end])));
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// `a/b.rs` and `a/b/mod.rs` are `["a", "b"]`.
fn module(below: &str) -> Segments {
    let mut segments: Segments = below.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if segments.last().is_some_and(|last| last == "mod")
        || (segments.len() == 1 && ["lib", "main"].contains(&segments[0].as_str()))
    {
        segments.pop();
    }
    segments
}

/// The crates that a file names, its tests among it.
pub(crate) fn crates_named_in(text: &str) -> BTreeSet<String> {
    let mut words = Words::default();
    words.read(text.parse().unwrap_or_else(|problem| panic!("{problem}")));
    words.roots
}

struct Reading<'a> {
    source: Source,
    tests: &'a mut BTreeSet<Segments>,
    /// Numbers of the lines that are only compiled for tests.
    left_out: BTreeSet<usize>,
}

impl Reading<'_> {
    fn items(&mut self, items: &[Item], scope: &[String]) {
        self.source.scopes.entry(scope.to_vec()).or_default();
        for item in items {
            if attributes(item).iter().any(only_for_tests) {
                self.leave_out(item);
                if let Item::Mod(module) = item {
                    let path = self.source.module.iter().chain(scope).cloned().chain([name(&module.ident)]);
                    self.tests.insert(path.collect());
                }
                continue;
            }
            self.item(item, scope);
        }
    }

    fn item(&mut self, item: &Item, scope: &[String]) {
        let (defined, public_type) = match item {
            Item::Use(declaration) => {
                let public = !matches!(declaration.vis, Visibility::Inherited);
                self.import(&declaration.tree, public, scope);
                return;
            }
            Item::Mod(module) => {
                if let Some((_, items)) = &module.content {
                    let below: Segments = scope.iter().cloned().chain([name(&module.ident)]).collect();
                    self.items(items, &below);
                }
                return;
            }
            Item::Const(item) => (Some(&item.ident), None),
            Item::Fn(item) => (Some(&item.sig.ident), None),
            Item::Macro(item) => (item.ident.as_ref(), None),
            Item::Static(item) => (Some(&item.ident), None),
            Item::Enum(item) => (Some(&item.ident), Some(&item.vis)),
            Item::Struct(item) => (Some(&item.ident), Some(&item.vis)),
            Item::Trait(item) => (Some(&item.ident), Some(&item.vis)),
            Item::TraitAlias(item) => (Some(&item.ident), Some(&item.vis)),
            Item::Type(item) => (Some(&item.ident), Some(&item.vis)),
            Item::Union(item) => (Some(&item.ident), Some(&item.vis)),
            _ => (None, None),
        };
        let mut stripped = item.clone();
        self.strip(&mut stripped);
        let mut words = Words::default();
        words.read(stripped.to_token_stream());
        let here = self.source.scopes.entry(scope.to_vec()).or_default();
        if let Some(ident) = defined {
            here.items.insert(name(ident));
            let seen = |visibility: &Visibility| match visibility {
                Visibility::Public(_) => true,
                Visibility::Restricted(restricted) => restricted.path.is_ident("crate"),
                Visibility::Inherited => false,
            };
            if public_type.is_some_and(seen) {
                here.public_types.push((name(ident), ident.span().start().line));
            }
        }
        here.paths.extend(words.paths);
        here.words.extend(words.words);
        here.imports.extend(words.imports);
        self.source.roots.extend(words.roots);
    }

    /// Takes what is only for tests out of the bodies of an `impl` or a trait.
    fn strip(&mut self, item: &mut Item) {
        match item {
            Item::Impl(block) => block.items.retain(|item| {
                let attributes = match item {
                    ImplItem::Const(item) => &item.attrs,
                    ImplItem::Fn(item) => &item.attrs,
                    ImplItem::Type(item) => &item.attrs,
                    ImplItem::Macro(item) => &item.attrs,
                    _ => return true,
                };
                let shipped = !attributes.iter().any(only_for_tests);
                if !shipped {
                    self.leave_out(item);
                }
                shipped
            }),
            Item::Trait(block) => block.items.retain(|item| {
                let shipped = !matches!(item, TraitItem::Fn(item) if item.attrs.iter().any(only_for_tests));
                if !shipped {
                    self.leave_out(item);
                }
                shipped
            }),
            _ => {}
        }
    }

    fn leave_out(&mut self, item: &impl Spanned) {
        let span = item.span();
        self.left_out.extend(span.start().line..=span.end().line);
    }

    fn import(&mut self, tree: &UseTree, public: bool, scope: &[String]) {
        let mut imports = Vec::new();
        flatten(tree, &mut Vec::new(), public, &mut imports);
        self.source.roots.extend(imports.iter().filter_map(|import| import.path.first().cloned()));
        self.source.scopes.entry(scope.to_vec()).or_default().imports.extend(imports);
    }
}

/// The names of a `use` declaration.
fn flatten(tree: &UseTree, before: &mut Segments, public: bool, found: &mut Vec<Import>) {
    match tree {
        UseTree::Path(path) => {
            before.push(name(&path.ident));
            flatten(&path.tree, before, public, found);
            before.pop();
        }
        UseTree::Name(last) if last.ident == "self" => {
            found.push(Import { name: before.last().cloned(), path: before.clone(), public });
        }
        UseTree::Name(last) => {
            let path = before.iter().cloned().chain([name(&last.ident)]).collect();
            found.push(Import { name: Some(name(&last.ident)), path, public });
        }
        UseTree::Rename(last) => {
            let own = if last.ident == "self" { None } else { Some(name(&last.ident)) };
            found.push(Import {
                name: Some(name(&last.rename)),
                path: before.iter().cloned().chain(own).collect(),
                public,
            });
        }
        UseTree::Glob(_) => found.push(Import { name: None, path: before.clone(), public }),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, public, found)),
    }
}

/// What a stream of tokens names. Tokens and not the tree of `syn`, since macros are called with tokens.
#[derive(Debug, Default)]
struct Words {
    paths: BTreeSet<Segments>,
    words: BTreeSet<String>,
    roots: BTreeSet<String>,
    /// `use` declarations in bodies of functions.
    imports: Vec<Import>,
}

impl Words {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is =
            |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
        let colons = |at: usize| is(at, ':') && is(at + 1, ':');
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(ident) if ident == "use" => {
                    let end = (at..tokens.len()).find(|end| is(*end, ';')).unwrap_or(tokens.len());
                    let tree: TokenStream = tokens[at + 1..end].iter().cloned().collect();
                    if let Ok(tree) = syn::parse2::<UseTree>(tree) {
                        let before = self.imports.len();
                        flatten(&tree, &mut Vec::new(), false, &mut self.imports);
                        self.roots
                            .extend(self.imports[before..].iter().filter_map(|import| import.path.first().cloned()));
                        at = end;
                    }
                }
                TokenTree::Ident(ident) => {
                    self.words.insert(name(ident));
                    let continues = at >= 2 && colons(at - 2);
                    let mut path = vec![name(ident)];
                    let first = at;
                    while colons(at + 1) {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                        path.push(name(next));
                        at += 3;
                    }
                    if !continues && colons(first + 1) {
                        self.roots.insert(path[0].clone());
                    }
                    if !continues && path.len() > 1 {
                        self.words.extend(path.iter().cloned());
                        self.paths.insert(path);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}

fn name(ident: &proc_macro2::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an attribute keeps an item out of what is shipped: `#[test]`, or a `#[cfg]` that never holds without `test`.
fn only_for_tests(attribute: &Attribute) -> bool {
    if !attribute.path().is_ident("cfg") {
        return attribute.path().segments.last().is_some_and(|last| last.ident == "test");
    }
    matches!(&attribute.meta, Meta::List(list) if syn::parse2::<Meta>(list.tokens.clone()).is_ok_and(|condition| holds(&condition) == Some(false)))
}

/// Whether a condition of `#[cfg]` holds where `test` does not; `None` if that depends on something else.
fn holds(condition: &Meta) -> Option<bool> {
    match condition {
        Meta::Path(path) => path.is_ident("test").then_some(false),
        Meta::List(list) => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
            let parts: Vec<Option<bool>> = parts.iter().map(holds).collect();
            match list.path.get_ident()?.to_string().as_str() {
                "not" => parts.first().copied().flatten().map(|holds| !holds),
                "all" if parts.contains(&Some(false)) => Some(false),
                "any" if parts.iter().all(|part| *part == Some(false)) => Some(false),
                _ => None,
            }
        }
        Meta::NameValue(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Source {
        read_all(vec![("a.rs".to_owned(), "a.rs".to_owned(), text.to_owned())]).remove(0)
    }

    #[test]
    fn tests_are_not_counted_and_not_read() {
        let source = one(
            "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::b;\n}\nimpl A {\n    #[cfg(all(test, unix))]\n    fn b() {}\n}\n",
        );
        assert_eq!(source.lines, 4, "two of ten lines are empty or closed, six are tests");
        assert!(!source.roots.contains("crate"));
    }

    #[test]
    fn a_file_that_only_tests_declare_is_left_out_with_all_below_it() {
        let texts = [
            ("lib.rs", "#[cfg(test)]\nmod a;\nmod b;"),
            ("a.rs", "mod c;"),
            ("a/c.rs", ""),
            ("b.rs", "#[cfg(not(test))]\nmod d;"),
            ("b/d.rs", ""),
        ];
        let all = read_all(
            texts.iter().map(|(path, text)| ((*path).to_owned(), (*path).to_owned(), (*text).to_owned())).collect(),
        );
        assert_eq!(all.iter().map(|source| source.path.as_str()).collect::<Vec<_>>(), ["b.rs", "b/d.rs", "lib.rs"]);
    }

    #[test]
    fn paths_are_found_in_macros_and_bodies_and_not_in_comments_and_texts() {
        let source = one(
            "// crate::comment::A\n/// crate::doc::A\nfn a() {\n    println!(\"crate::text::A {}\", crate::b::c(super::D::e));\n    use crate::f::{self, G};\n    Vec::<crate::h::I>::new();\n}\n",
        );
        let scope = &source.scopes[&Vec::new()];
        let paths: Vec<String> = scope.paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["crate::b::c", "crate::h::I", "super::D::e"]);
        let imports: Vec<String> = scope.imports.iter().map(|import| import.path.join("::")).collect();
        assert_eq!(imports, ["crate::f", "crate::f::G"]);
    }

    #[test]
    fn only_types_that_others_can_see_are_public_ones() {
        let source =
            one("pub struct A;\npub(crate) enum B {}\nstruct C;\npub fn d() {}\nmod e {\n    pub type F = u8;\n}\n");
        let types: Vec<(&str, usize)> = source
            .scopes
            .values()
            .flat_map(|scope| &scope.public_types)
            .map(|(name, line)| (name.as_str(), *line))
            .collect();
        assert_eq!(types, [("A", 1), ("B", 2), ("F", 6)]);
    }
}
