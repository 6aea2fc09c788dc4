//! A program that was started: what it says, and how it ends.

use std::io::Read;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::Output;
use crate::support::wait;

/// A program that runs; dropping it kills it.
pub(crate) struct Running {
    pub(super) child: Child,
    pub(super) stdout: NamedTempFile,
    pub(super) stderr: NamedTempFile,
}

impl Running {
    /// Asks it to end, as a service manager does (SIGTERM).
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot signal process {pid}");
    }

    /// Ends it on the spot, as a crash does (SIGKILL).
    pub(crate) fn kill9(&mut self) {
        self.child.kill().expect("kill the program");
    }

    /// Waits for its end; past the limit it is killed and the test fails.
    pub(crate) fn wait(mut self, limit: Duration) -> Output {
        let ended = || self.child.try_wait().expect("ask for the program's end");
        let Some(status) = wait::until_blocking(limit, ended) else {
            panic!("the program still runs after {limit:?}"); // Drop kills it and shows its output
        };
        self.output(status)
    }

    /// Waits until standard output or standard error contains `text`.
    pub(crate) fn wait_for_text(&mut self, text: &str, limit: Duration) {
        let found = wait::until_blocking(limit, || {
            // First the end, then the text: what it wrote last is still found.
            let ended = self.child.try_wait().expect("ask for the program's end").is_some();
            let said = content(&self.stdout).contains(text) || content(&self.stderr).contains(text);
            (said || ended).then_some(said)
        });
        assert!(found == Some(true), "the program did not say {text:?} within {limit:?}");
    }

    fn output(&self, status: ExitStatus) -> Output {
        let (stdout, stderr) = (content(&self.stdout), content(&self.stderr));
        Output { code: status.code(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let (stdout, stderr) = (content(&self.stdout), content(&self.stderr));
            #[expect(clippy::print_stderr, reason = "libtest shows it below the failed test")]
            {
                eprintln!("--- the program's stdout\n{stdout}--- the program's stderr\n{stderr}---");
            }
        }
    }
}

fn content(file: &NamedTempFile) -> String {
    let mut bytes = Vec::new();
    let read = file.reopen().and_then(|mut file| file.read_to_end(&mut bytes));
    read.expect("read what the program wrote");
    String::from_utf8_lossy(&bytes).into_owned()
}
