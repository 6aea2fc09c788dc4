//! The signing key of a development server, which has no `ONESTEP_SECRET_KEY`. It is random and kept in a file beside
//! the SQLite file, so that users stay signed in when the server starts again.
//!
//! Reading the settings only reads the file. The commands that sign tokens create it ([`create_if_missing`]).

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Secret;

/// Length of a key in bytes; the file has two hexadecimal digits for each.
const BYTES: usize = 32;

/// `<SQLite file>.key`.
pub fn file_beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// The key in this file; None when there is no file. Never writes.
///
/// # Errors
/// A sentence: the file cannot be read, or does not contain a key.
pub fn read(path: &Path) -> Result<Option<Secret>, String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read the signing key in {}: {error}", path.display())),
        Ok(text) => parse(&text, path).map(Some),
    }
}

/// Creates the file with a random key, unless it exists. When many processes do this at once, one of them creates it.
///
/// # Errors
/// A sentence: the file cannot be written.
pub fn create_if_missing(path: &Path) -> Result<(), String> {
    let create = || if path.try_exists()? { Ok(()) } else { create(path) };
    create().map_err(|error| format!("cannot create the signing key in {}: {error}", path.display()))
}

/// A key that only this process knows.
///
/// # Errors
/// A sentence, when the machine has no random numbers.
pub fn ephemeral() -> Result<Secret, String> {
    random_digits().map(Secret::new).map_err(|error| error.to_string())
}

fn parse(text: &str, path: &Path) -> Result<Secret, String> {
    let text = text.trim();
    let right = text.len() == BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if right {
        Ok(Secret::new(text))
    } else {
        Err(format!(
            "{} does not contain a signing key; delete it, and the next start creates a new one",
            path.display()
        ))
    }
}

fn random_digits() -> io::Result<String> {
    let mut key = [0; BYTES];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("the machine has no random numbers"))?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes the whole key under another name first, so that no process reads half of it; then links it to its name,
/// unless that exists.
fn create(path: &Path) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}-{}", std::process::id(), random_digits()?));
    let draft = PathBuf::from(draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(random_digits()?.as_bytes())?;
        file.sync_all()
    });
    let named = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&draft);
    named.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &Path) -> Secret {
        create_if_missing(path).unwrap();
        read(path).unwrap().unwrap()
    }

    #[test]
    fn eight_processes_that_start_at_once_sign_with_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_beside(&folder.path().join("onestep.db"));
        let keys: Vec<Secret> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| key(&path))).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(keys[0].reveal().len(), 64);
        assert_eq!(key(&path), keys[0], "and after a restart");
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["onestep.db.key"]);
    }

    #[test]
    fn reading_a_key_that_is_not_there_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(&folder.path().join("key")), Ok(None));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn other_users_of_the_machine_cannot_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create_if_missing(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_holds_something_else_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for wrong in ["", "abc", &"z".repeat(64)] {
            fs::write(&path, wrong).unwrap();
            create_if_missing(&path).unwrap();
            let refusal = read(&path).unwrap_err();
            assert!(refusal.contains("does not contain a signing key"), "{refusal}");
            assert_eq!(fs::read_to_string(&path).unwrap(), wrong);
        }
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named() {
        let refusal = create_if_missing(Path::new("/nowhere/at/all/onestep.db.key")).unwrap_err();
        assert!(refusal.contains("/nowhere/at/all/onestep.db.key"), "{refusal}");
    }
}
