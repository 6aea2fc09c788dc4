//! The only file that reads the environment.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use model::secret::Secret;
use model::settings::SecretRef;

/// The environment of the configuration, passed as an argument so that tests can replace it.
#[derive(Debug, Clone, Default)]
pub struct ConfigEnvironment {
    /// Variables by name; `None` means the process's own.
    variables: Option<Vec<(String, String)>>,
    /// Secrets are not looked up; a command that reads the configuration this way sends nothing.
    without_secrets: bool,
    /// The folder that relative paths start from: that of the configuration file.
    pub folder: PathBuf,
}

impl ConfigEnvironment {
    /// The process's own environment, for a file in `folder`.
    pub fn of_process(folder: PathBuf) -> Self {
        Self { variables: None, without_secrets: false, folder }
    }

    /// The same, for commands that only read the store: they need no secret, and are not to fail for the lack of one.
    pub fn without_secrets(folder: PathBuf) -> Self {
        Self { without_secrets: true, ..Self::of_process(folder) }
    }

    /// An environment with only these variables.
    pub fn with(variables: &[(&str, &str)], folder: PathBuf) -> Self {
        Self {
            variables: Some(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()),
            without_secrets: false,
            folder,
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        match &self.variables {
            None => env::var(name).ok(),
            Some(known) => known.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
        }
        .filter(|value| !value.is_empty())
    }

    /// A secret from its place. The error names the place and never the value.
    pub fn secret(&self, place: SecretRef<'_>) -> Result<Secret, String> {
        if self.without_secrets {
            return Ok(Secret::new("https://a-secret-that-was-not-read.invalid"));
        }
        match place {
            SecretRef::Env(name) => self
                .variable(name)
                .map(Secret::new)
                .ok_or_else(|| format!("the environment variable {name} is not set")),
            SecretRef::File(path) => {
                let path = self.folder.join(path);
                let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let value = text.trim_end_matches(['\n', '\r']);
                if value.is_empty() { Err(format!("{} is empty", path.display())) } else { Ok(Secret::new(value)) }
            }
        }
    }

    /// The default path of the store: in systemd's state directory, otherwise next to the configuration.
    pub fn default_store(&self) -> PathBuf {
        let folder = self.variable("STATE_DIRECTORY").map_or_else(|| self.folder.clone(), PathBuf::from);
        folder.join("monitor.db")
    }
}

/// Where the configuration is looked for, in this order.
pub(super) fn usual_places() -> Vec<PathBuf> {
    let xdg = etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("monitor").join("alerts.toml"));
    [Some(PathBuf::from("alerts.toml")), xdg, Some(Path::new("/etc/monitor/alerts.toml").to_path_buf())]
        .into_iter()
        .flatten()
        .collect()
}

/// What is logged to standard error: `MONITOR_LOG`, in the syntax of `RUST_LOG`.
pub fn log_filter() -> Option<String> {
    env::var("MONITOR_LOG").ok().filter(|filter| !filter.is_empty())
}

/// Whether the user has asked for output without colours; <https://no-color.org>.
pub fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The login name of the user of this process.
pub fn login_name() -> Option<String> {
    ["USER", "LOGNAME"].into_iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
}
