//! A Python server as a child process, tied to the life of the test.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{install, wait};

/// How long a server may take to come up; generous, as machines of CI are.
pub const START_LIMIT: Duration = Duration::from_secs(60);

/// Where `lifeline.py` is, for the scripts to import.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// A running server; dropping it kills it and all it started.
pub struct Server {
    name: &'static str,
    child: Child,
    port: u16,
    home: TempDir,
    log: PathBuf,
}

impl Server {
    /// Starts the Python file `script` with `arguments`, its folder appended to them.
    ///
    /// The port is bound here and the listening socket handed to the child (see
    /// `lifeline.py`): there is no moment at which someone else could take it,
    /// and a client that comes early waits instead of being refused.
    pub fn start(name: &'static str, script: &Path, arguments: &[&str]) -> Self {
        let python = install::python();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a loopback port");
        let port = listener.local_addr().expect("the bound address").port();
        let home = temporary_folder(name);
        let logs = install::folder().join("logs");
        fs::create_dir_all(&logs).expect("create the log folder");
        let log = logs.join(format!("{name}-{}-{port}.log", std::process::id()));
        let child = Command::new(python)
            .arg(script)
            .args(arguments)
            .arg(home.path())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .env("PYTHONPATH", SCRIPTS)
            .env("PYTHONUTF8", "1")
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(OwnedFd::from(listener))
            .stderr(File::create(&log).expect("create the log"))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self { name, child, port, home, log }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's own folder, removed with it.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// A message with the end of the server's log, for a test that gives up.
    pub fn complaint(&self, problem: &str) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        format!(
            "{} on port {} {problem}; the end of {}:\n{}",
            self.name,
            self.port,
            self.log.display(),
            install::tail(&String::from_utf8_lossy(&log)),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // lifeline.py sees it and kills its group
        let limit = Duration::from_secs(5);
        if wait::until_blocking(limit, || self.child.try_wait().transpose()).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "libtest shows it below the failed test")]
            {
                eprintln!("{}", self.complaint("was in use by a test that failed"));
            }
        } else {
            let _ = fs::remove_file(&self.log);
        }
    }
}

/// A folder below the target directory, removed when dropped.
pub fn temporary_folder(name: &str) -> TempDir {
    let parent = install::target().join("tmp");
    fs::create_dir_all(&parent).expect("create the folder for temporary files");
    tempfile::Builder::new().prefix(name).tempdir_in(parent).expect("create a temporary folder")
}
