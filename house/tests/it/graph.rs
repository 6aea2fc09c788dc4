//! Which file of a crate names items of which other file.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Import, Scope, Segments, Source};

/// How many re-exports are followed from a name to the item it means.
const MAX_STEPS: usize = 8;

/// Arrows between the files of one crate, by their paths, each with the names that make it.
pub(crate) type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What a path means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// An item of a file: the file's place in `sources`, and the item's name.
    Item(usize, String),
    Module(Segments),
    /// Something of another crate, of the standard library, or a local name.
    Elsewhere,
}

/// The modules of one crate.
struct Modules<'a> {
    /// Where each module is written, those with braces included.
    all: BTreeMap<Segments, (usize, &'a Scope)>,
}

/// The arrows of one crate. A module's file that only hands names of others on (`pub use`) has no arrow to these; who
/// names such a name has an arrow to the file that defines it.
pub(crate) fn arrows(sources: &[Source]) -> Arrows {
    let modules = Modules::new(sources);
    let mut arrows = Arrows::new();
    for (module, (file, scope)) in &modules.all {
        for (target, item) in modules.named(module, scope) {
            if target != *file {
                let from = arrows.entry(sources[*file].path.clone()).or_default();
                from.entry(sources[target].path.clone()).or_default().insert(item);
            }
        }
    }
    arrows
}

impl<'a> Modules<'a> {
    fn new(sources: &'a [Source]) -> Self {
        let mut all = BTreeMap::new();
        for (file, source) in sources.iter().enumerate() {
            for (below, scope) in &source.scopes {
                all.insert(source.module.iter().chain(below).cloned().collect(), (file, scope));
            }
        }
        Self { all }
    }

    /// The items that a module names.
    fn named(&self, module: &Segments, scope: &Scope) -> BTreeSet<(usize, String)> {
        let mut found = BTreeSet::new();
        let mut note = |meaning: Meaning| {
            if let Meaning::Item(file, item) = meaning {
                found.insert((file, item));
            }
        };
        for import in &scope.imports {
            match &import.name {
                // Handed on, and perhaps also used here.
                Some(name) if import.public && !scope.words.contains(name) => {}
                None if import.public => {}
                Some(_) => note(self.meaning(module, &import.path, 0)),
                None => match self.meaning(module, &import.path, 0) {
                    Meaning::Module(from) => {
                        scope.words.iter().filter_map(|word| self.item(&from, word, 0)).for_each(&mut note);
                    }
                    meaning => note(meaning),
                },
            }
        }
        scope.paths.iter().for_each(|path| note(self.meaning(module, path, 0)));
        found
    }

    /// What `path` means where it is written in `module`.
    fn meaning(&self, module: &Segments, path: &[String], steps: usize) -> Meaning {
        if steps > MAX_STEPS {
            return Meaning::Elsewhere;
        }
        let mut at = module.clone();
        let mut rest = path;
        let mut anchored = false;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" => at = Segments::new(),
                "self" => {}
                "super" => {
                    // A module with braces is one too: `super` is the file around it.
                    at.pop();
                }
                _ => break,
            }
            anchored = true;
            rest = others;
        }
        while let Some((first, others)) = rest.split_first() {
            let below: Segments = at.iter().cloned().chain([first.clone()]).collect();
            if self.all.contains_key(&below) {
                at = below;
            } else {
                match self.item(&at, first, steps) {
                    Some(Meaning::Module(module)) => at = module,
                    Some(meaning) => return meaning,
                    // Made by a macro, where it is certain that the module has it.
                    None if anchored => {
                        return self
                            .all
                            .get(&at)
                            .map_or(Meaning::Elsewhere, |(file, _)| Meaning::Item(*file, first.clone()));
                    }
                    None => return Meaning::Elsewhere,
                }
            }
            anchored = true;
            rest = others;
        }
        Meaning::Module(at)
    }

    /// What a name of a module means, if the module defines it or has it by a `use`.
    fn item(&self, module: &Segments, name: &str, steps: usize) -> Option<Meaning> {
        let (file, scope) = self.all.get(module)?;
        if scope.items.contains(name) {
            return Some(Meaning::Item(*file, name.to_owned()));
        }
        let follow = |import: &Import| match self.meaning(module, &import.path, steps + 1) {
            Meaning::Elsewhere => None,
            meaning => Some(meaning),
        };
        let by_name = scope
            .imports
            .iter()
            .filter(|import| import.name.as_deref() == Some(name) && import.path != [name])
            .find_map(follow);
        by_name.or_else(|| {
            let globs = scope.imports.iter().filter(|import| import.name.is_none() && steps < MAX_STEPS);
            globs.filter_map(follow).find_map(|meaning| match meaning {
                Meaning::Module(from) if from != *module => self.item(&from, name, steps + 1),
                _ => None,
            })
        })
    }
}

/// The circles among the files: each the files that reach each other, sorted.
pub(crate) fn circles(arrows: &Arrows) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        arrows.keys().map(|from| (from, reached(arrows, from))).collect();
    let mut found = BTreeSet::new();
    for (from, others) in &reached {
        let circle: BTreeSet<String> = others
            .iter()
            .filter(|other| reached.get(**other).is_some_and(|back| back.contains(from)))
            .map(|other| (*other).clone())
            .collect();
        if !circle.is_empty() {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reached<'a>(arrows: &'a Arrows, from: &String) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&String> = arrows.get(from).into_iter().flat_map(BTreeMap::keys).collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(arrows.get(next).into_iter().flat_map(BTreeMap::keys));
        }
    }
    found
}
