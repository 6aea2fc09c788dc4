//! From the environment and the secret to settings: all that is missing or wrong is told at once, and never a value.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::environment::{Environment, FIRESTORE_EMULATOR, RunMode};
use super::{Secret, ServiceUrls, Settings, development_key};
use crate::google_account::{ServiceAccount, secure_url};

/// The names that the original has in its secret, for ours.
const ALIASES: [(&str, &str); 8] = [
    ("ONESTEP_SECRET_KEY", "SECRET_KEY"),
    ("ONESTEP_GOOGLE_ANDROID_CLIENT_IDS", "GCID"),
    ("ONESTEP_GOOGLE_IOS_CLIENT_IDS", "GOOGLE_IOS_CLIENT_ID"),
    ("ONESTEP_APPLE_AUDIENCES", "APPLE_APP_ID"),
    ("ONESTEP_OPENAI_API_KEY", "OPENAI_API_KEY"),
    ("ONESTEP_RESEND_API_KEY", "RESEND"),
    ("ONESTEP_FIREBASE", "FIREBASE"),
    ("ONESTEP_SENTRY_DSN", "SENTRY_DSN"),
];
/// A shorter signing key can be guessed, in bytes.
const SAFE_KEY: usize = 16;
/// Where the rows of a server are that is not told.
const USUAL_STORE: &str = "sqlite:onestep.db";

/// Settings, and what the operator should know about them, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedSettings {
    /// All is there that must be.
    pub settings: Settings,
    /// What is off, and what is risky.
    pub notes: Vec<String>,
}

/// All that is missing or wrong, with what to do about each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsErrors(pub Vec<String>);

impl fmt::Display for SettingsErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(formatter, "A setting is missing or wrong: {only}"),
            all => write!(formatter, "{} settings are missing or wrong: {}", all.len(), all.join("; ")),
        }
    }
}

/// Reads them; what the environment has comes before what the secret has.
///
/// # Errors
/// All problems at once.
pub fn read(environment: &Environment, secret: Option<&Map<String, Value>>) -> Result<LoadedSettings, SettingsErrors> {
    let unreadable = environment.unreadable_settings().map(|name| format!("{name} is not Unicode text: set it again"));
    let mut given = SettingsReader { environment, secret, problems: unreadable.collect(), notes: Vec::new() };
    let store = given.store();
    let (secret_key, google_android, google_ios, apple_audiences) = match environment.run_mode() {
        RunMode::Development => (given.development_key(&store), Vec::new(), Vec::new(), Vec::new()),
        RunMode::Server | RunMode::Lambda => given.required(),
    };
    let settings = Settings {
        store: Secret::new(store),
        secret_key,
        google_android,
        google_ios,
        apple_audiences,
        openai_key: given.service("ONESTEP_OPENAI_API_KEY", "no recommendations"),
        resend_key: given.service("ONESTEP_RESEND_API_KEY", "no mail"),
        firebase: given.service("ONESTEP_FIREBASE", "no pushes"),
        sentry_dsn: given.service("ONESTEP_SENTRY_DSN", "faults are in the log only"),
        firestore_emulator: environment.get(FIRESTORE_EMULATOR).map(str::to_owned),
        urls: given.urls(),
    };
    given.check(&settings);
    if given.problems.is_empty() { Ok(LoadedSettings { settings, notes: given.notes }) } else { Err(SettingsErrors(given.problems)) }
}

/// The file that keeps the signing key of a development server; None for a process that is none, or whose store is not a file.
pub fn development_key_file(environment: &Environment) -> Option<PathBuf> {
    match environment.run_mode() {
        RunMode::Development => key_file(environment.get("ONESTEP_STORE").unwrap_or(USUAL_STORE)),
        RunMode::Server | RunMode::Lambda => None,
    }
}

fn key_file(store: &str) -> Option<PathBuf> {
    let database = store.strip_prefix("sqlite:").filter(|path| !path.is_empty() && *path != ":memory:")?;
    Some(development_key::file_beside(Path::new(database)))
}

struct SettingsReader<'a> {
    environment: &'a Environment,
    secret: Option<&'a Map<String, Value>>,
    problems: Vec<String>,
    notes: Vec<String>,
}

impl SettingsReader<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let alias = ALIASES.iter().find(|(ours, _)| *ours == name).map(|(_, original)| *original);
        let in_secret = |name: &str| self.secret.and_then(|secret| secret.get(name)).and_then(as_text);
        self.environment.get(name).map(str::to_owned).or_else(|| in_secret(name)).or_else(|| in_secret(alias?))
    }

    fn list(&self, name: &str) -> Vec<String> {
        let mut items: Vec<String> = Vec::new();
        for item in self.get(name).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if !items.iter().any(|known| known == item) {
                items.push(item.to_owned());
            }
        }
        items
    }

    fn store(&mut self) -> String {
        match self.get("ONESTEP_STORE") {
            Some(store) => store,
            None => {
                if self.environment.run_mode() == RunMode::Lambda {
                    let note = "ONESTEP_STORE is not set: the rows are in a file that this function cannot keep; set it, such as dynamodb:onestep";
                    self.notes.push(note.to_owned());
                }
                USUAL_STORE.to_owned()
            }
        }
    }

    /// What a server cannot do without.
    fn required(&mut self) -> (Secret, Vec<String>, Vec<String>, Vec<String>) {
        let key = self.get("ONESTEP_SECRET_KEY");
        match &key {
            None => self
                .problems
                .push("ONESTEP_SECRET_KEY is missing: set the key that signs the tokens; the original's SECRET_KEY keeps its users signed in".to_owned()),
            Some(key) if key.len() < SAFE_KEY => {
                self.notes.push(format!("ONESTEP_SECRET_KEY has fewer than {SAFE_KEY} bytes: whoever guesses it can sign in as anybody"));
            }
            Some(_) => {}
        }
        let (android, ios) = (self.list("ONESTEP_GOOGLE_ANDROID_CLIENT_IDS"), self.list("ONESTEP_GOOGLE_IOS_CLIENT_IDS"));
        if android.is_empty() && ios.is_empty() {
            self.problems.push(
                "ONESTEP_GOOGLE_ANDROID_CLIENT_IDS and ONESTEP_GOOGLE_IOS_CLIENT_IDS are both missing: set at least one, to the client ids of the apps"
                    .to_owned(),
            );
        }
        let apple = self.list("ONESTEP_APPLE_AUDIENCES");
        if apple.is_empty() {
            self.problems.push("ONESTEP_APPLE_AUDIENCES is missing: set the bundle ids of all builds, and the Services ID if there is one".to_owned());
        }
        (Secret::new(key.unwrap_or_default()), android, ios, apple)
    }

    /// The key of a development server: the one in its file, or one for this process alone.
    fn development_key(&mut self, store: &str) -> Secret {
        let ephemeral = |reason: String| (development_key::ephemeral(), format!("lost when this process ends, because {reason}"));
        let (key, kept) = match key_file(store) {
            None => ephemeral("the store is not a file".to_owned()),
            Some(path) => match development_key::read(&path).transpose() {
                Some(key) => (key, format!("kept in {}", path.display())),
                None => ephemeral(format!("{} does not exist", path.display())),
            },
        };
        self.notes.push(format!(
            "none of the required settings is given: for development only, on this machine only, without sign-in; the signing key is random and {kept}"
        ));
        key.unwrap_or_else(|problem| {
            self.problems.push(problem);
            Secret::new("")
        })
    }

    fn service(&mut self, name: &str, without: &str) -> Option<Secret> {
        let key = self.get(name);
        if key.is_none() {
            self.notes.push(format!("{name} is not given: {without}"));
        }
        key.map(Secret::new)
    }

    fn urls(&mut self) -> ServiceUrls {
        let usual = ServiceUrls::default();
        ServiceUrls {
            google_keys: self.address("ONESTEP_GOOGLE_JWKS_URL").unwrap_or(usual.google_keys),
            apple_keys: self.address("ONESTEP_APPLE_JWKS_URL").unwrap_or(usual.apple_keys),
            openai: self.address("ONESTEP_OPENAI_BASE_URL").unwrap_or(usual.openai),
            resend: self.address("ONESTEP_RESEND_BASE_URL").unwrap_or(usual.resend),
            fcm: self.address("ONESTEP_FCM_BASE_URL").unwrap_or(usual.fcm),
            fcm_tokens: self.address("ONESTEP_FCM_TOKEN_URL"),
        }
    }

    /// Without a `/` at its end.
    fn address(&mut self, name: &str) -> Option<String> {
        let text = self.get(name)?;
        if let Err(reason) = secure_url(&text) {
            self.problems.push(format!("{name} {reason}"));
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    /// What is there but cannot be used.
    fn check(&mut self, settings: &Settings) {
        if let Some(account) = &settings.firebase
            && let Err(reason) = ServiceAccount::parse(account)
        {
            self.problems.push(format!("ONESTEP_FIREBASE: {reason}"));
        }
        if let Some(dsn) = &settings.sentry_dsn {
            let right = dsn.reveal().parse::<sentry_types::Dsn>().is_ok() && secure_url(dsn.reveal()).is_ok();
            if !right {
                self.problems.push("ONESTEP_SENTRY_DSN is no DSN: copy it from the project's settings (https://<key>@<host>/<project>)".to_owned());
            }
        }
        for (name, key) in [("ONESTEP_OPENAI_API_KEY", &settings.openai_key), ("ONESTEP_RESEND_API_KEY", &settings.resend_key)] {
            // It goes into a header.
            if key.as_ref().is_some_and(|key| !key.reveal().bytes().all(|byte| byte.is_ascii_graphic())) {
                self.problems.push(format!("{name} has characters that no key has: copy it again"));
            }
        }
    }
}

/// A value of the secret as the environment would have it: lists with commas, objects as JSON. Nothing counts as not given.
fn as_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) => items.iter().filter_map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
