//! Reads the settings from the environment and the secret. It reports all problems at once, and never a value.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::environment::{Environment, FIRESTORE_EMULATOR, RunMode};
use super::{Secret, ServiceUrls, Settings, development_key};
use crate::google_account::{ServiceAccount, secure_url};

/// Our names, and the names in the secret of the earlier backend.
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
/// A shorter signing key can be guessed. In bytes.
const SAFE_KEY: usize = 16;
/// The store without `ONESTEP_STORE`.
const USUAL_STORE: &str = "sqlite:onestep.db";

/// The settings, and notes for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedSettings {
    /// The settings.
    pub settings: Settings,
    /// What is switched off, and what is risky, a line each.
    pub notes: Vec<String>,
}

/// All problems, each with what to do.
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

/// Reads the settings. The environment has priority over the secret.
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
        sentry_dsn: given.service("ONESTEP_SENTRY_DSN", "errors are in the log only"),
        firestore_emulator: environment.get(FIRESTORE_EMULATOR).map(str::to_owned),
        urls: given.urls(),
    };
    given.check(&settings);
    if given.problems.is_empty() {
        Ok(LoadedSettings { settings, notes: given.notes })
    } else {
        Err(SettingsErrors(given.problems))
    }
}

/// The file of the signing key of a development server; None in another mode, and when the store is not a file.
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
                    let note = "ONESTEP_STORE is not set: the rows are in a file, which a Lambda function loses; set a store such as dynamodb:onestep";
                    self.notes.push(note.to_owned());
                }
                USUAL_STORE.to_owned()
            }
        }
    }

    /// The settings that a server requires.
    fn required(&mut self) -> (Secret, Vec<String>, Vec<String>, Vec<String>) {
        let key = self.get("ONESTEP_SECRET_KEY");
        match &key {
            None => self.problems.push(
                "ONESTEP_SECRET_KEY is missing: set the key that signs the tokens; with the SECRET_KEY of the earlier backend its users stay signed in"
                    .to_owned(),
            ),
            Some(key) if key.len() < SAFE_KEY => {
                self.notes.push(format!("ONESTEP_SECRET_KEY has fewer than {SAFE_KEY} bytes: an attacker who guesses it can sign in as any user"));
            }
            Some(_) => {}
        }
        let (android, ios) =
            (self.list("ONESTEP_GOOGLE_ANDROID_CLIENT_IDS"), self.list("ONESTEP_GOOGLE_IOS_CLIENT_IDS"));
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

    /// The key of a development server: from its file, or a new one for this process alone.
    fn development_key(&mut self, store: &str) -> Secret {
        let ephemeral =
            |reason: String| (development_key::ephemeral(), format!("lost when this process ends, because {reason}"));
        let (key, kept) = match key_file(store) {
            None => ephemeral("the store is not a file".to_owned()),
            Some(path) => match development_key::read(&path).transpose() {
                Some(key) => (key, format!("kept in {}", path.display())),
                None => ephemeral(format!("{} does not exist", path.display())),
            },
        };
        self.notes.push(format!(
            "none of the required settings is given: the server is for development only, listens on this machine only and has no sign-in; its signing key is random and {kept}"
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

    /// A URL without a `/` at the end.
    fn address(&mut self, name: &str) -> Option<String> {
        let text = self.get(name)?;
        if let Err(reason) = secure_url(&text) {
            self.problems.push(format!("{name} {reason}"));
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    /// Checks values that are given but may not be usable.
    fn check(&mut self, settings: &Settings) {
        if let Some(account) = &settings.firebase
            && let Err(reason) = ServiceAccount::parse(account)
        {
            self.problems.push(format!("ONESTEP_FIREBASE: {reason}"));
        }
        if let Some(dsn) = &settings.sentry_dsn {
            let right = dsn.reveal().parse::<sentry_types::Dsn>().is_ok() && secure_url(dsn.reveal()).is_ok();
            if !right {
                self.problems.push("ONESTEP_SENTRY_DSN is not a DSN: copy it from the project's settings (https://<key>@<host>/<project>)".to_owned());
            }
        }
        for (name, key) in
            [("ONESTEP_OPENAI_API_KEY", &settings.openai_key), ("ONESTEP_RESEND_API_KEY", &settings.resend_key)]
        {
            // The key is sent in a header.
            if key.as_ref().is_some_and(|key| !key.reveal().bytes().all(|byte| byte.is_ascii_graphic())) {
                self.problems.push(format!("{name} contains characters that are not allowed in a key: copy it again"));
            }
        }
    }
}

/// A value of the secret in the form of the environment: lists with commas, objects as JSON. Null and empty text count
/// as not given.
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
