//! The environment variables, and the mode in which the process runs.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;

/// The variable with the name of the secret.
pub const SECRET_NAME: &str = "ONESTEP_SECRET_NAME";
/// The settings that a server requires; see [`super::read`].
pub const REQUIRED: [&str; 4] = [
    "ONESTEP_SECRET_KEY",
    "ONESTEP_GOOGLE_ANDROID_CLIENT_IDS",
    "ONESTEP_GOOGLE_IOS_CLIENT_IDS",
    "ONESTEP_APPLE_AUDIENCES",
];
/// The variable with host and port of a Firestore emulator, as in Google's own clients.
pub const FIRESTORE_EMULATOR: &str = "FIRESTORE_EMULATOR_HOST";
const PORT: &str = "PORT";
/// The port without `PORT`.
const USUAL_PORT: u16 = 8000;

/// The variables when they were read. The `Debug` form shows no value.
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

/// The mode in which the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMode {
    /// A Lambda function, which is frozen as soon as a request is answered.
    Lambda,
    /// A server.
    Server,
    /// A development server: none of the required settings is given, so it listens on this machine only.
    Development,
}

impl Environment {
    /// Reads the variables of this process.
    pub fn of_process() -> Self {
        Self::of_system(std::env::vars_os())
    }

    /// Reads variables, as the system has them.
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

    /// Variables with these names and values.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { variables, unreadable: BTreeSet::new() }
    }

    /// The value without the white space around it. An empty value counts as not given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The names of settings whose values are not Unicode.
    pub fn unreadable_settings(&self) -> impl Iterator<Item = &str> {
        self.unreadable
            .iter()
            .map(String::as_str)
            .filter(|name| name.starts_with("ONESTEP_") || [PORT, FIRESTORE_EMULATOR].contains(name))
    }

    fn is_given(&self, name: &str) -> bool {
        self.get(name).is_some() || self.unreadable.contains(name)
    }

    /// The mode in which the process runs.
    pub fn run_mode(&self) -> RunMode {
        if self.get("AWS_LAMBDA_RUNTIME_API").is_some() {
            RunMode::Lambda
        } else if self.is_given(SECRET_NAME) || REQUIRED.iter().any(|name| self.is_given(name)) {
            RunMode::Server
        } else {
            RunMode::Development
        }
    }

    /// The port to listen on, from `PORT`.
    ///
    /// # Errors
    /// A sentence, when it is not a port.
    pub fn port(&self) -> Result<u16, String> {
        const WRONG: &str = "PORT is not a number from 0 to 65535; 0 takes any free one";
        match self.get(PORT) {
            Some(port) => port.parse().map_err(|_| WRONG.to_owned()),
            None if self.unreadable.contains(PORT) => Err(WRONG.to_owned()),
            None => Ok(USUAL_PORT),
        }
    }
}
