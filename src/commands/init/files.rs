//! The files that are written, and never over another one.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use model::secret::Secret;

use super::stop::InitStop;
use crate::commands::output::print;
use setup::{FIRST_WORDS, env_file};

/// Only the owner reads it.
const PRIVATE: u32 = 0o600;
/// Everybody may read it, as far as the umask allows.
const PUBLIC: u32 = 0o644;

/// The configuration, and the secrets if there are any.
pub(super) struct SetupFiles {
    config: (PathBuf, String),
    secrets: Option<(PathBuf, Secret, Vec<String>)>,
}

impl SetupFiles {
    /// Files that do not exist yet; secrets by their variables.
    pub(super) fn new(
        config: (PathBuf, String),
        secrets: Option<(PathBuf, Vec<(String, Secret)>)>,
    ) -> Result<Self, InitStop> {
        let secrets = match secrets {
            Some((place, secrets)) => {
                let names = secrets.iter().map(|(name, _)| name.clone()).collect();
                Some((place, env_file(&secrets).map_err(InitStop::failed)?, names))
            }
            None => None,
        };
        Ok(Self { config, secrets })
    }

    /// Where the configuration is.
    pub(super) fn place(&self) -> &Path {
        &self.config.0
    }

    /// Where the secrets are.
    pub(super) fn secrets(&self) -> Option<&Path> {
        self.secrets.as_ref().map(|(place, ..)| place.as_path())
    }

    /// Writes both or none; a dry run shows them.
    pub(super) fn write(&self, dry_run: bool, tell: fn(&str)) -> Result<(), InitStop> {
        let (place, text) = &self.config;
        let (is_new, is_new_secret) = match &self.secrets {
            Some((secrets, content, _)) => {
                (is_new(place, text, "--output")?, is_new(secrets, content.reveal(), "--env-file")?)
            }
            None => (is_new(place, text, "--output")?, false),
        };
        if dry_run {
            print(text);
            tell(&format!("would be written: {}", place.display()));
            if let Some((secrets, _, names)) = &self.secrets {
                tell(&format!(
                    "would be written: {} (mode 0600), with {}=***",
                    secrets.display(),
                    names.join("=***, ")
                ));
            }
            return Ok(());
        }
        if let Some((secrets, content, _)) = self.secrets.as_ref().filter(|_| is_new_secret) {
            create(secrets, content.reveal(), PRIVATE)?;
            tell(&format!("wrote {} (mode 0600)", secrets.display()));
        }
        match is_new {
            true => {
                create(place, text, PUBLIC)?;
                tell(&format!("wrote {}", place.display()));
            }
            false => tell(&format!("{} has this content already", place.display())),
        }
        Ok(())
    }
}

/// Refuses a place with a file that another program or a person wrote, before anything is asked.
pub(super) fn is_free(place: &Path) -> Result<(), InitStop> {
    match fs::read(place) {
        Ok(known) if !known.starts_with(FIRST_WORDS.as_bytes()) => Err(exists(place, "--output")),
        _ => Ok(()),
    }
}

fn exists(place: &Path, flag: &str) -> InitStop {
    InitStop::failed(format!(
        "{} exists and is not overwritten; name another file with {flag}, or move it away",
        place.display()
    ))
}

/// Whether a file has to be written: it is not there. One that is there must have this content.
fn is_new(place: &Path, content: &str, flag: &str) -> Result<bool, InitStop> {
    match fs::read(place) {
        Ok(known) if known == content.as_bytes() => Ok(false),
        Ok(_) => Err(exists(place, flag)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(InitStop::failed(format!("{} cannot be read: {error}", place.display()))),
    }
}

fn create(place: &Path, content: &str, mode: u32) -> Result<(), InitStop> {
    let wrong = |error: std::io::Error| InitStop::failed(format!("{} cannot be written: {error}", place.display()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(place).map_err(wrong)?;
    file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn nothing_is_written_over_another_content_and_secrets_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let (config, secrets) = (folder.path().join("a.toml"), folder.path().join("a.env"));
        let files = |text: &str, value: &str| {
            let given = vec![("HOOK".to_owned(), Secret::new(value))];
            SetupFiles::new((config.clone(), text.to_owned()), Some((secrets.clone(), given))).unwrap()
        };
        let nobody = |_: &str| {};
        files("x", "one").write(true, nobody).unwrap();
        assert!(!config.exists() && !secrets.exists());
        files("x", "one").write(false, nobody).unwrap();
        assert_eq!(fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o600);
        files("x", "one").write(false, nobody).unwrap();
        for (text, value, flag) in [("y", "one", "--output"), ("x", "two", "--env-file")] {
            let stop = files(text, value).write(false, nobody).unwrap_err();
            assert!(stop.why.contains(flag) && !stop.why.contains("two"), "{}", stop.why);
        }
        assert_eq!(fs::read_to_string(&config).unwrap(), "x");
        assert!(is_free(&config).unwrap_err().why.contains("--output") && is_free(&folder.path().join("new")).is_ok());
        fs::write(&config, format!("{FIRST_WORDS} x")).unwrap();
        assert!(is_free(&config).is_ok(), "its content may be the same");
        assert!(fs::read_to_string(&secrets).unwrap().ends_with("\nHOOK=one\n"));
    }
}
