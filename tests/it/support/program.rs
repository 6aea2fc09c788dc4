//! The program under test as a child process.

mod running;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::NamedTempFile;

pub(crate) use running::Running;

use super::leash;

/// Longer than any run a test means to have.
const RUN_LIMIT: Duration = Duration::from_secs(180);

/// How the program is to be started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    binary: OsString,
    dir: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    limit: Duration,
    input: Vec<u8>,
}

/// What a finished program left behind.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The file that is tested: the one that cargo built for the tests, or the one that `MONITOR_BINARY` names. `.ci/run`
/// sets it to what `cargo build` makes, since dev-dependencies can turn on features that the shipped program lacks.
pub(crate) fn binary() -> OsString {
    std::env::var_os("MONITOR_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_monitor").into())
}

/// The project's binary, at work and at home in `dir`.
pub(crate) fn monitor(dir: &Path) -> Program {
    Program::new(binary(), dir)
}

impl Program {
    /// Any binary. Its environment is empty but for PATH, HOME = `dir` and what
    /// coverage needs: nothing of the developer's settings reaches it.
    pub(crate) fn new(binary: impl AsRef<OsStr>, dir: &Path) -> Self {
        let inherited = ["PATH", "LLVM_PROFILE_FILE"];
        let inherited = inherited.map(|name| std::env::var_os(name).map(|value| (name, value)));
        let mut env = vec![("HOME".into(), dir.into())];
        env.extend(inherited.into_iter().flatten().map(|(name, value)| (name.into(), value)));
        let binary = binary.as_ref().to_owned();
        Self { binary, dir: dir.to_owned(), args: Vec::new(), env, limit: RUN_LIMIT, input: Vec::new() }
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets one variable.
    pub(crate) fn env(self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs([(name, value)])
    }

    /// Sets variables, as of [`super::stack::aws_env`].
    pub(crate) fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let owned = |(name, value): (N, V)| (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.env.extend(variables.into_iter().map(owned));
        self
    }

    /// What it finds on standard input; nothing if not set.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// How long [`Self::run`] may take; three minutes if not set.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end; past the limit it is killed and the test fails.
    pub(crate) fn run(self) -> Output {
        let limit = self.limit;
        self.spawn().wait(limit)
    }

    /// Starts it and returns at once.
    pub(crate) fn spawn(self) -> Running {
        // Files and not pipes: nobody has to empty them, and a test may look
        // into them while the program runs.
        let file = || NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("create a file");
        let reopened = |file: &NamedTempFile| Stdio::from(file.reopen().expect("reopen a file"));
        let (stdin, stdout, stderr) = (file(), file(), file());
        std::fs::write(stdin.path(), &self.input).expect("write the input");
        let mut command = leash::command(&self.binary);
        command
            .args(&self.args)
            .env_clear()
            .envs(self.env)
            .current_dir(&self.dir)
            .stdin(reopened(&stdin))
            .stdout(reopened(&stdout))
            .stderr(reopened(&stderr));
        let child =
            leash::spawn(command).unwrap_or_else(|error| panic!("cannot start {}: {error}", self.binary.display()));
        Running { child, stdout, stderr }
    }
}
