//! The environment of the process, and what it says about where the process runs.

use std::collections::HashMap;
use std::fmt;

/// The name of the secret that holds what the environment does not.
pub const SECRET_NAME: &str = "ONESTEP_SECRET_NAME";
/// What no server can do without; see [`super::read`].
pub const REQUIRED: [&str; 4] = ["ONESTEP_SECRET_KEY", "ONESTEP_GOOGLE_ANDROID_CLIENT_IDS", "ONESTEP_GOOGLE_IOS_CLIENT_IDS", "ONESTEP_APPLE_AUDIENCES"];
/// Where a server listens that is not told.
const USUAL_PORT: u16 = 8000;

/// Variables as they were when they were read. Prints nothing of them.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Environment({} variables)", self.0.len())
    }
}

/// Where the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As a function: it is frozen as soon as a request is answered.
    Lambda,
    /// As a server that others use.
    Server,
    /// On a developer's machine: nothing that is required has been given, so nobody but this machine may use it.
    Development,
}

impl Environment {
    /// The process's own. What is no text is left out.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect())
    }

    /// These names and values.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The value without the white space around it; empty counts as not given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Where the process runs.
    pub fn place(&self) -> Place {
        if self.get("AWS_LAMBDA_RUNTIME_API").is_some() {
            Place::Lambda
        } else if self.get(SECRET_NAME).is_some() || REQUIRED.iter().any(|name| self.get(name).is_some()) {
            Place::Server
        } else {
            Place::Development
        }
    }

    /// `PORT`, on which a server listens.
    ///
    /// # Errors
    /// A sentence, when it is none.
    pub fn port(&self) -> Result<u16, String> {
        let Some(given) = self.get("PORT") else { return Ok(USUAL_PORT) };
        given.parse().map_err(|_| "PORT is not a number from 0 to 65535; 0 takes any free one".to_owned())
    }
}
