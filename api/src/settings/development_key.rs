//! The signing key of a server that was given none: made by chance once, and kept beside the rows, so that its users stay signed in
//! when it starts again.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Secret;

/// Bytes of a key, twice as many digits in the file.
const BYTES: usize = 32;

/// `<path of the rows>.key`.
pub fn beside(rows: &Path) -> PathBuf {
    let mut name = rows.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// The key in this file, which is made if it is not there. Of many processes that make it at once, all get the same.
///
/// # Errors
/// A sentence: the file cannot be read or written, or what is in it is no key.
pub fn kept(path: &Path) -> Result<Secret, String> {
    let failed = |error: io::Error| format!("the signing key cannot be kept in {}: {error}", path.display());
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(path).map_err(failed)?;
            read(&fs::read_to_string(path).map_err(failed)?, path)
        }
        Err(error) => Err(failed(error)),
        Ok(text) => read(&text, path),
    }
}

/// A key that only this process knows.
///
/// # Errors
/// A sentence, when there is no randomness to be had.
pub fn passing() -> Result<Secret, String> {
    digits().map(Secret::new).map_err(|error| error.to_string())
}

fn read(text: &str, path: &Path) -> Result<Secret, String> {
    let text = text.trim();
    let right = text.len() == BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if right { Ok(Secret::new(text)) } else { Err(format!("{} holds no signing key; remove it, and a new one is made", path.display())) }
}

fn digits() -> io::Result<String> {
    let mut key = [0; BYTES];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("no randomness"))?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes it whole under another name first, so that nobody reads half of it, and then gives it its own name unless that is taken.
fn make(path: &Path) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}-{}", std::process::id(), digits()?.get(..8).unwrap_or_default()));
    let draft = PathBuf::from(draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(digits()?.as_bytes())?;
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

    #[test]
    fn eight_processes_that_start_at_once_sign_with_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = beside(&folder.path().join("onestep.db"));
        let keys: Vec<Secret> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| kept(&path).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(keys[0].reveal().len(), 64);
        assert_eq!(kept(&path).unwrap(), keys[0], "and after a restart");
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["onestep.db.key"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_on_the_machine_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        kept(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_holds_something_else_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for wrong in ["", "abc", &"z".repeat(64)] {
            fs::write(&path, wrong).unwrap();
            let refusal = kept(&path).unwrap_err();
            assert!(refusal.contains("holds no signing key"), "{refusal}");
            assert_eq!(fs::read_to_string(&path).unwrap(), wrong);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let refusal = kept(Path::new("/nowhere/at/all/onestep.db.key")).unwrap_err();
        assert!(refusal.contains("/nowhere/at/all/onestep.db.key"), "{refusal}");
    }
}
