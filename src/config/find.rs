//! Finds the configuration file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::environment::usual_places;

/// A configuration file that was found.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Its path.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

impl ConfigFile {
    /// The folder of the file.
    pub fn folder(&self) -> PathBuf {
        match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_path_buf(),
            _ => PathBuf::from("."),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// None of the usual places has one.
    #[error("no configuration found; looked for {}. Write one with `monitor init`, or pass one with --config", .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    Nowhere(Vec<PathBuf>),
    /// It is there and cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
}

/// The file that `--config` names, else the first of the usual places that exists.
pub fn find(named: Option<&Path>) -> Result<ConfigFile, ConfigFileError> {
    let places = named.map_or_else(usual_places, |path| vec![path.to_path_buf()]);
    for path in &places {
        match fs::read(path) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).map_err(|error| ConfigFileError::Unreadable {
                    path: path.clone(),
                    why: format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()),
                })?;
                return Ok(ConfigFile { path: path.clone(), text });
            }
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(ConfigFileError::Unreadable { path: path.clone(), why: error.to_string() }),
        }
    }
    Err(ConfigFileError::Nowhere(places))
}
