//! Reads one table of the configuration, key by key. A mistake is recorded with its position and reading continues, so
//! that users see all mistakes at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

use chrono_tz::Tz;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::secret::Secret;

/// One mistake: where it is, what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Bytes of the file that are underlined.
    pub at: Range<usize>,
    /// What is wrong, in one line.
    pub what: String,
    /// The text under the underlined part.
    pub label: String,
    /// How to fix it.
    pub help: Option<String>,
    /// The underlined text is a secret and must not be printed.
    pub hidden: bool,
}

/// Where a value may name something that another table defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// A `[receiver.<name>]`.
    Receiver,
    /// A `[watch.<name>]` or `[warm.<name>]`, by its full name.
    Source,
    /// An `[alert.<name>]`.
    Rule,
    /// The code of a cause, built in or of a `[[cause]]`.
    Cause,
}

/// A mention of something another table defines, looked up when all tables are read.
#[derive(Debug, Clone)]
pub struct Reference {
    /// What kind of thing is meant.
    pub names: ReferenceKind,
    /// The name as typed.
    pub name: String,
    /// Where it is typed.
    pub at: Range<usize>,
}

/// Resolves a secret: the first argument is `env` or `file`, the second its name. The error says what is missing.
pub type SecretLookup<'a> = dyn Fn(SecretRef<'_>) -> Result<Secret, String> + 'a;

/// Where a secret is stored, as the user wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretRef<'a> {
    /// `{ env = "NAME" }`
    Env(&'a str),
    /// `{ file = "PATH" }`
    File(&'a str),
}

/// What a reading has found so far, shared by all tables of one file.
pub struct ConfigDiagnostics<'a> {
    problems: RefCell<Vec<ConfigProblem>>,
    mentions: RefCell<Vec<Reference>>,
    old_names: RefCell<Vec<(String, Range<usize>)>>,
    longest_window: RefCell<Vec<(super::span::Span, Range<usize>)>>,
    secrets: &'a SecretLookup<'a>,
}

impl<'a> ConfigDiagnostics<'a> {
    /// An empty list of notes; `secrets` is asked for each secret the file names.
    pub fn new(secrets: &'a SecretLookup<'a>) -> Self {
        Self {
            problems: RefCell::default(),
            mentions: RefCell::default(),
            old_names: RefCell::default(),
            longest_window: RefCell::default(),
            secrets,
        }
    }

    /// Notes a mistake.
    pub fn problem(&self, at: Range<usize>, what: impl Into<String>, label: impl Into<String>, help: Option<String>) {
        self.problems.borrow_mut().push(ConfigProblem {
            at,
            what: what.into(),
            label: label.into(),
            help,
            hidden: false,
        });
    }

    /// Notes a mistake at a place whose text must not be repeated.
    fn hidden_problem(
        &self,
        at: Range<usize>,
        what: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.problems.borrow_mut().push(ConfigProblem {
            at,
            what: what.into(),
            label: label.into(),
            help,
            hidden: true,
        });
    }

    /// Every mistake so far, by place.
    pub fn into_problems(self) -> Vec<ConfigProblem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.at.start, problem.at.end));
        problems
    }

    /// Every mention so far.
    pub fn mentions(&self) -> Vec<Reference> {
        self.mentions.borrow().clone()
    }

    /// Every former name of a rule, with its position.
    pub fn old_names(&self) -> Vec<(String, Range<usize>)> {
        self.old_names.borrow().clone()
    }

    /// Every window of a rule, with its position.
    pub fn windows(&self) -> Vec<(super::span::Span, Range<usize>)> {
        self.longest_window.borrow().clone()
    }
}

/// One of the kinds that a `when.`, `read.` or `via.` key can name.
pub trait TaggedSettings: Sized {
    /// The key that holds it: `when`, `read` or `via`.
    const KEY: &'static str;
    /// The known kinds.
    const NAMES: &'static [&'static str];

    /// Reads the settings of the kind `name`, which is one of [`TaggedSettings::NAMES`]. `None` if it is not usable;
    /// the notes say why.
    fn read(name: &str, settings: &mut TableReader<'_, '_>) -> Option<Self>;

    /// Whether it reads the log of this function; most kinds read none.
    fn reads_log_of(&self, _function: &str) -> bool {
        false
    }
}

/// The reader of one table.
pub struct TableReader<'a, 'n> {
    table: &'a DeTable<'a>,
    at: Range<usize>,
    path: String,
    known: RefCell<BTreeSet<&'static str>>,
    notes: &'a ConfigDiagnostics<'n>,
    failed: Cell<bool>,
}

impl<'a, 'n> TableReader<'a, 'n> {
    /// A reader of `table` at position `at`, named `path` in messages.
    pub fn new(
        table: &'a DeTable<'a>,
        at: Range<usize>,
        path: impl Into<String>,
        notes: &'a ConfigDiagnostics<'n>,
    ) -> Self {
        Self { table, at, path: path.into(), known: RefCell::default(), notes, failed: Cell::new(false) }
    }

    /// The position of the table.
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }

    /// The notes of the file this table belongs to.
    pub fn notes(&self) -> &'a ConfigDiagnostics<'n> {
        self.notes
    }

    /// What the table is called in messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether a mistake has been noted in this table.
    pub fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Whether the key is there.
    pub fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.borrow_mut().insert(key);
        self.table.get(key)
    }

    fn place(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or_else(|| self.at(), Spanned::span)
    }

    /// Where the value at a path of keys is; what is not there has the place of the table that lacks it.
    pub fn place_at(&self, keys: &[&str]) -> Range<usize> {
        let (mut table, mut at) = (Some(self.table), self.at());
        for key in keys {
            let Some(value) = table.and_then(|table| table.get(*key)) else { break };
            at = value.span();
            table = value.get_ref().as_table();
        }
        at
    }

    /// Notes a mistake at the value of `key`, or at the table if the key is absent.
    pub fn problem(&self, key: &str, what: impl Into<String>, label: impl Into<String>, help: Option<String>) {
        self.failed.set(true);
        self.notes.problem(self.place(key), what, label, help);
    }

    /// Like [`TableReader::problem`], where the value may hold a secret: it is not shown.
    pub fn hidden_problem(&self, key: &str, what: impl Into<String>, label: impl Into<String>, help: Option<String>) {
        self.failed.set(true);
        self.notes.hidden_problem(self.place(key), what, label, help);
    }

    /// A text, without checking it.
    pub fn text(&self, key: &'static str) -> Option<&str> {
        self.value(key).and_then(|value| value.get_ref().as_str())
    }

    /// A value that must be there.
    pub fn required<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<T> {
        if self.value(key).is_none() {
            self.problem(key, format!("`{}` needs `{key}`", self.path), format!("`{key}` is missing"), None);
        }
        self.optional(key)
    }

    /// A value that may be there.
    pub fn optional<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<T> {
        let value = self.value(key)?;
        self.typed(key, value)
    }

    /// A value, or a default if it is absent.
    pub fn or<T: DeserializeOwned>(&mut self, key: &'static str, default: T) -> Option<T> {
        if self.has(key) { self.optional(key) } else { Some(default) }
    }

    fn typed<T: DeserializeOwned>(&self, key: &str, value: &Spanned<DeValue<'a>>) -> Option<T> {
        match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(read) => Some(read),
            Err(error) => {
                let at = error
                    .span()
                    .filter(|at| at.start >= value.span().start && at.end <= value.span().end)
                    .unwrap_or_else(|| value.span());
                self.failed.set(true);
                self.notes.problem(
                    at,
                    format!("`{}` cannot be used", self.inner_path(key)),
                    error.message().trim(),
                    None,
                );
                None
            }
        }
    }

    /// A list of values; each wrong one is noted at its own place.
    pub fn list<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.problem(key, format!("`{}.{key}` must be a list", self.path), "expected [\"...\"]", None);
            return None;
        };
        let read: Vec<T> = items.iter().filter_map(|item| self.typed(key, item)).collect();
        (read.len() == items.len()).then_some(read)
    }

    /// A list that must be there and not be empty.
    pub fn some<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<Vec<T>> {
        if !self.has(key) {
            self.problem(key, format!("`{}` needs `{key}`", self.path), format!("`{key}` is missing"), None);
            return None;
        }
        let read = self.list(key)?;
        if read.is_empty() {
            self.problem(key, format!("`{}.{key}` must not be empty", self.path), "name at least one", None);
            return None;
        }
        Some(read)
    }

    /// A list of words from a fixed set; each unknown one is noted at its own place with the known ones.
    pub fn words<T>(&mut self, key: &'static str, what: &str, known: &[(&'static str, T)]) -> Option<Vec<T>>
    where
        T: Copy,
    {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let typed: Vec<Spanned<String>> = self.some(key)?;
        let mut read = Vec::new();
        for word in &typed {
            match known.iter().find(|(name, _)| name == word.get_ref()) {
                Some((_, value)) => read.push(*value),
                None => {
                    self.failed.set(true);
                    self.notes.problem(
                        word.span(),
                        format!("`{}` is not {what}", word.get_ref()),
                        "unknown",
                        Some(one_of(word.get_ref(), &names)),
                    );
                }
            }
        }
        (read.len() == typed.len()).then_some(read)
    }

    /// One word from a fixed set.
    pub fn word<T: Copy>(&mut self, key: &'static str, known: &[(&'static str, T)]) -> Option<T> {
        let typed: String = self.optional(key)?;
        let found = known.iter().find(|(name, _)| *name == typed).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.problem(
                key,
                format!("`{typed}` is not a value of `{}.{key}`", self.path),
                "unknown",
                Some(one_of(&typed, &names)),
            );
        }
        found
    }

    /// A number between two bounds, both allowed.
    pub fn number(&mut self, key: &'static str, default: u32, allowed: Range<u32>) -> Option<u32> {
        let number: i64 = self.or(key, i64::from(default))?;
        let read = u32::try_from(number).ok().filter(|number| *number >= allowed.start && *number <= allowed.end);
        if read.is_none() {
            let what = if number < 0 { "a negative number" } else { "out of range" };
            self.problem(
                key,
                format!("`{}.{key}` is {what}: {number}", self.path),
                format!("from {} to {}", allowed.start, allowed.end),
                None,
            );
        }
        read
    }

    /// The window of a rule; checked against the retention of the store.
    pub fn window(&mut self, key: &'static str, default: super::span::Span) -> Option<super::span::Span> {
        let span = self.or(key, default)?;
        self.notes.longest_window.borrow_mut().push((span, self.place(key)));
        Some(span)
    }

    /// The name of something that another table defines.
    pub fn mention(&mut self, key: &'static str, names: ReferenceKind) -> Option<String> {
        let name: Spanned<String> = self.required(key)?;
        self.notes.mentions.borrow_mut().push(Reference { names, name: name.get_ref().clone(), at: self.place(key) });
        Some(name.into_inner())
    }

    /// A list of such names.
    pub fn mentions(&mut self, key: &'static str, names: ReferenceKind) -> Option<Vec<String>> {
        let typed: Vec<Spanned<String>> = self.some(key)?;
        for name in &typed {
            self.notes.mentions.borrow_mut().push(Reference { names, name: name.get_ref().clone(), at: name.span() });
        }
        Some(typed.into_iter().map(Spanned::into_inner).collect())
    }

    /// A time zone by its name.
    pub fn zone(&mut self, key: &'static str) -> Option<Tz> {
        let typed: String = self.required(key)?;
        let zone = typed.parse().ok();
        if zone.is_none() {
            let names: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
            let hint = one_of(&typed, &names);
            let hint = hint
                .split("? ")
                .next()
                .filter(|hint| hint.starts_with("did"))
                .map_or_else(|| "write it as in Asia/Seoul".to_owned(), |hint| format!("{hint}?"));
            self.problem(key, format!("`{typed}` is not a time zone"), "unknown", Some(hint));
        }
        zone
    }

    /// One name, or a list of names, that the table had before.
    pub fn old_names(&mut self, key: &'static str) -> Option<Vec<String>> {
        let typed: Vec<Spanned<String>> =
            if self.text(key).is_some() { vec![self.required(key)?] } else { self.some(key)? };
        self.notes
            .old_names
            .borrow_mut()
            .extend(typed.iter().map(|name| (name.get_ref().clone(), self.place_of(key, name))));
        Some(typed.into_iter().map(Spanned::into_inner).collect())
    }

    /// Where one of the values under `key` stands.
    fn place_of<T>(&self, key: &str, value: &Spanned<T>) -> Range<usize> {
        if value.span().is_empty() { self.place(key) } else { value.span() }
    }

    /// A secret that must be there.
    pub fn required_secret(&mut self, key: &'static str) -> Option<Secret> {
        if !self.has(key) {
            self.problem(
                key,
                format!("`{}` needs `{key}`", self.path),
                format!("`{key}` is missing"),
                Some(format!("{key} = {{ env = \"NAME\" }}")),
            );
        }
        self.secret(key)
    }

    /// A secret, from the environment or a file, never from this file.
    pub fn secret(&mut self, key: &'static str) -> Option<Secret> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            let help = format!("write {key} = {{ env = \"NAME\" }} or {key} = {{ file = \"PATH\" }}");
            self.hidden_problem(
                key,
                format!("`{}.{key}` is a secret and must not be in this file", self.path),
                "a secret",
                Some(help),
            );
            return None;
        };
        let mut inner = TableReader::new(table, value.span(), format!("{}.{key}", self.path), self.notes);
        let env: Option<String> = inner.optional("env");
        let file: Option<String> = inner.optional("file");
        let place = match (&env, &file) {
            (Some(name), None) => SecretRef::Env(name),
            (None, Some(path)) => SecretRef::File(path),
            _ => {
                inner.finish();
                self.problem(
                    key,
                    format!("`{}.{key}` must name one place", self.path),
                    "write { env = \"NAME\" } or { file = \"PATH\" }",
                    None,
                );
                return None;
            }
        };
        inner.finish();
        match (self.notes.secrets)(place) {
            Ok(secret) => Some(secret),
            Err(why) => {
                self.problem(key, format!("the secret `{}.{key}` cannot be read", self.path), why, None);
                None
            }
        }
    }

    /// What a table or key inside this one is called in messages.
    fn inner_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A table inside this one.
    pub fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut TableReader<'a, 'n>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.problem(key, format!("`{}` must be a table", self.inner_path(key)), "expected { ... }", None);
            return None;
        };
        let mut inner = TableReader::new(table, value.span(), self.inner_path(key), self.notes);
        let result = read(&mut inner);
        inner.finish();
        result
    }

    /// Each table inside the table `key`, with its name and the place of the name.
    pub fn named<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&str, &mut TableReader<'a, 'n>) -> Option<T>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        let Some(value) = self.value(key) else { return all };
        let Some(tables) = value.get_ref().as_table() else {
            self.problem(key, format!("`{key}` is written as [{key}.<name>]"), "expected a table of tables", None);
            return all;
        };
        for (name, value) in tables {
            let shown = format!("{}.{}", self.inner_path(key), name.get_ref());
            let Some(table) = value.get_ref().as_table() else {
                self.failed.set(true);
                self.notes.problem(
                    value.span(),
                    format!("`{shown}` must be a table"),
                    format!("write [{shown}]"),
                    None,
                );
                continue;
            };
            let mut inner = TableReader::new(table, name.span(), shown, self.notes);
            all.extend(read(name.get_ref(), &mut inner));
            inner.finish();
        }
        all
    }

    /// Each table of the list `key`, which is written as `[[key]]`.
    pub fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut TableReader<'a, 'n>) -> Option<T>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        let Some(value) = self.value(key) else { return all };
        let Some(items) = value.get_ref().as_array() else {
            self.problem(key, format!("`{key}` is a list of tables"), format!("write [[{key}]]"), None);
            return all;
        };
        for item in items {
            let Some(table) = item.get_ref().as_table() else {
                self.failed.set(true);
                self.notes.problem(
                    item.span(),
                    format!("`{key}` is a list of tables"),
                    format!("write [[{key}]]"),
                    None,
                );
                continue;
            };
            let mut inner = TableReader::new(table, item.span(), self.inner_path(key), self.notes);
            all.extend(read(&mut inner));
            inner.finish();
        }
        all
    }

    /// The one kind under `K::KEY`, as in `when.cost_above = { ... }`.
    pub fn kind<K: TaggedSettings>(&mut self) -> Option<K> {
        let Some(value) = self.value(K::KEY) else {
            self.problem(
                K::KEY,
                format!("`{}` must have one `{}.<kind>`", self.path, K::KEY),
                "missing",
                Some(format!("known kinds: {}", K::NAMES.join(", "))),
            );
            return None;
        };
        let one = value.get_ref().as_table().filter(|table| table.len() == 1).and_then(|table| table.iter().next());
        let Some((name, value)) = one else {
            self.problem(
                K::KEY,
                format!("`{}.{}` must have exactly one kind", self.path, K::KEY),
                "expected one kind",
                Some(format!("known kinds: {}", K::NAMES.join(", "))),
            );
            return None;
        };
        if !K::NAMES.contains(&name.get_ref().as_ref()) {
            self.failed.set(true);
            self.notes.problem(
                name.span(),
                format!("`{}.{}` is not a known kind", K::KEY, name.get_ref()),
                "unknown",
                Some(one_of(name.get_ref(), K::NAMES)),
            );
            return None;
        }
        let Some(table) = value.get_ref().as_table() else {
            self.failed.set(true);
            self.notes.problem(
                value.span(),
                format!("`{}.{}` must be a table", K::KEY, name.get_ref()),
                "expected { ... }",
                None,
            );
            return None;
        };
        let mut inner = TableReader::new(table, value.span(), format!("{}.{}", K::KEY, name.get_ref()), self.notes);
        let read = K::read(name.get_ref(), &mut inner);
        inner.finish();
        read.filter(|_| !inner.failed())
    }

    /// Ends reading: every key that was not read is a mistake.
    pub fn finish(&mut self) {
        let known = self.known.borrow();
        for (key, _) in self.table {
            if !known.contains(key.get_ref().as_ref()) {
                let names: Vec<&str> = known.iter().copied().collect();
                let owner = if self.path.is_empty() { "this file".to_owned() } else { format!("`{}`", self.path) };
                self.failed.set(true);
                self.notes.problem(
                    key.span(),
                    format!("`{}` is not a key of {owner}", key.get_ref()),
                    "unknown key",
                    Some(one_of(key.get_ref(), &names)),
                );
            }
        }
    }
}

/// The known names that are most like the one that was typed, the likest first; none that is not like it at all.
pub fn nearest<'a>(typed: &str, known: &'a [String], most: usize) -> Vec<&'a str> {
    let mut like: Vec<(f64, &str)> = known
        .iter()
        .map(|name| (strsim::jaro_winkler(typed, name), name.as_str()))
        .filter(|(likeness, _)| *likeness > 0.6)
        .collect();
    like.sort_by(|a, b| b.0.total_cmp(&a.0));
    like.into_iter().take(most).map(|(_, name)| name).collect()
}

/// The known names, with the most likely one first.
pub fn one_of(typed: &str, known: &[&str]) -> String {
    let closest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(typed, name), *name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let list = if known.is_empty() { "there are none".to_owned() } else { format!("known: {}", known.join(", ")) };
    match closest {
        Some((_, name)) => format!("did you mean `{name}`? {list}"),
        None => list,
    }
}
