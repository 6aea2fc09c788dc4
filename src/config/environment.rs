//! The only file that reads the environment.

use std::env;
use std::ffi::OsString;
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
    /// Secrets that were given some other way and go before variables.
    given: Vec<(String, Secret)>,
    /// The folder that relative paths start from: that of the configuration file.
    pub folder: PathBuf,
}

impl ConfigEnvironment {
    /// The process's own environment, for a file in `folder`.
    pub fn of_process(folder: PathBuf) -> Self {
        Self { variables: None, without_secrets: false, given: vec![], folder }
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
            given: vec![],
            folder,
        }
    }

    /// The same with secrets that no variable holds yet, by the names of the variables.
    #[must_use]
    pub fn and_given(self, given: Vec<(String, Secret)>) -> Self {
        Self { given, ..self }
    }

    /// A variable; `None` where it is not set, or empty.
    fn variable(&self, name: &str) -> Option<OsString> {
        match &self.variables {
            None => env::var_os(name),
            Some(known) => known.iter().find(|(known, _)| known == name).map(|(_, value)| value.into()),
        }
        .filter(|value| !value.is_empty())
    }

    /// A secret from its place. The error names the place and never the value.
    pub fn secret(&self, place: SecretRef<'_>) -> Result<Secret, String> {
        let given = |(known, _): &&(String, Secret)| matches!(place, SecretRef::Env(name) if name == known);
        if let Some((_, secret)) = self.given.iter().find(given) {
            return Ok(secret.clone());
        }
        if self.without_secrets {
            return Ok(Secret::new("https://a-secret-that-was-not-read.invalid"));
        }
        match place {
            SecretRef::Env(name) => {
                let text = self.variable(name).map(|value| text(name, value)).transpose()?;
                text.map(Secret::new).ok_or_else(|| format!("the environment variable {name} is not set"))
            }
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

/// What is logged to standard error: `MONITOR_LOG`, in the syntax of `RUST_LOG`. `None` where it is not set, or empty.
///
/// # Errors
/// In one line, if it is not UTF-8.
pub fn log_filter() -> Result<Option<String>, String> {
    let set = env::var_os("MONITOR_LOG").filter(|filter| !filter.is_empty());
    set.map(|filter| text("MONITOR_LOG", filter)).transpose()
}

/// The value of a variable as text. The error names the variable and never the value.
fn text(name: &str, value: OsString) -> Result<String, String> {
    value.into_string().map_err(|_| format!("the environment variable {name} is not UTF-8"))
}

/// Whether the user has asked for output without colours; <https://no-color.org>.
pub fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The profile of the shared AWS configuration files that the environment names.
pub fn aws_profile() -> Option<String> {
    env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty())
}

/// The variable of an access key that is set, and the other one that is not; `None` where both or neither are set.
pub fn half_aws_key() -> Option<(&'static str, &'static str)> {
    let [id, secret] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    match (is_set(id), is_set(secret)) {
        (true, false) => Some((id, secret)),
        (false, true) => Some((secret, id)),
        _ => None,
    }
}

/// The login name of the user of this process.
pub fn login_name() -> Option<String> {
    ["USER", "LOGNAME"].into_iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_variable_that_is_no_text_is_refused_and_not_taken_for_one_that_is_not_set() {
        for (value, read) in
            [(&b"warn"[..], Ok("warn")), (b"\xff", Err("the environment variable MONITOR_LOG is not UTF-8"))]
        {
            let read: Result<&str, String> = read.map_err(str::to_owned);
            assert_eq!(text("MONITOR_LOG", OsString::from_vec(value.to_vec())), read.map(str::to_owned));
        }
        let environment = ConfigEnvironment::with(&[("EMPTY", ""), ("TOKEN", "x")], PathBuf::new());
        assert_eq!(
            environment.secret(SecretRef::Env("EMPTY")).map(|_| ()).unwrap_err(),
            "the environment variable EMPTY is not set"
        );
        assert!(environment.secret(SecretRef::Env("TOKEN")).is_ok());
    }
}
