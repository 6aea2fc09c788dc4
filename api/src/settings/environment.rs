//! The environment of the process, and what it says about where the process runs.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;

/// The name of the secret that holds what the environment does not.
pub const SECRET_NAME: &str = "ONESTEP_SECRET_NAME";
/// What no server can do without; see [`super::read`].
pub const REQUIRED: [&str; 4] = ["ONESTEP_SECRET_KEY", "ONESTEP_GOOGLE_ANDROID_CLIENT_IDS", "ONESTEP_GOOGLE_IOS_CLIENT_IDS", "ONESTEP_APPLE_AUDIENCES"];
/// Host and port of an emulator of Firestore, by the name that Google's own clients use.
pub const FIRESTORE_EMULATOR: &str = "FIRESTORE_EMULATOR_HOST";
const PORT: &str = "PORT";
/// Where a server listens that is not told.
const USUAL_PORT: u16 = 8000;

/// Variables as they were when they were read. Prints nothing of them.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
    /// Names of variables whose values are not Unicode.
    unreadable: BTreeSet<String>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Environment({} variables)", self.variables.len())
    }
}

/// Where the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMode {
    /// As a function: it is frozen as soon as a request is answered.
    Lambda,
    /// As a server that others use.
    Server,
    /// On a developer's machine: nothing that is required has been given, so nobody but this machine may use it.
    Development,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self::of_system(std::env::vars_os())
    }

    /// Variables as the system has them.
    pub fn of_system(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            // No setting has a name that is not Unicode.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => {
                    environment.variables.insert(name, value);
                }
                Err(_) => {
                    environment.unreadable.insert(name);
                }
            }
        }
        environment
    }

    /// These names and values.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { variables, unreadable: BTreeSet::new() }
    }

    /// The value without the white space around it; empty counts as not given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Names of settings that are given and cannot be read, because their values are not Unicode.
    pub fn unreadable_settings(&self) -> impl Iterator<Item = &str> {
        self.unreadable.iter().map(String::as_str).filter(|name| name.starts_with("ONESTEP_") || [PORT, FIRESTORE_EMULATOR].contains(name))
    }

    fn is_given(&self, name: &str) -> bool {
        self.get(name).is_some() || self.unreadable.contains(name)
    }

    /// Where the process runs.
    pub fn run_mode(&self) -> RunMode {
        if self.get("AWS_LAMBDA_RUNTIME_API").is_some() {
            RunMode::Lambda
        } else if self.is_given(SECRET_NAME) || REQUIRED.iter().any(|name| self.is_given(name)) {
            RunMode::Server
        } else {
            RunMode::Development
        }
    }

    /// `PORT`, on which a server listens.
    ///
    /// # Errors
    /// A sentence, when it is none.
    pub fn port(&self) -> Result<u16, String> {
        const WRONG: &str = "PORT is not a number from 0 to 65535; 0 takes any free one";
        match self.get(PORT) {
            Some(port) => port.parse().map_err(|_| WRONG.to_owned()),
            None if self.unreadable.contains(PORT) => Err(WRONG.to_owned()),
            None => Ok(USUAL_PORT),
        }
    }
}
