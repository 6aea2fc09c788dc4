//! All exit codes. Standard meanings use the numbers of `sysexits.h`.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// All is well.
    Done = 0,
    /// A failure without an exit code of its own.
    Failed = 1,
    /// `run --once`, `check --live`, `send-test`, `report --send`, `init`: a source or a delivery failed; the rest was done.
    /// `doctor`: something is broken.
    Incomplete = 2,
    /// `doctor`: nothing is broken, and something only needs time.
    Waiting = 3,
    /// The command line cannot be understood (EX_USAGE).
    Usage = 64,
    /// Another daemon works on the same store (EX_TEMPFAIL).
    Busy = 75,
    /// The configuration has mistakes (EX_CONFIG).
    Config = 78,
}

/// The table shown by `--help`.
pub const HELP: &str = "Exit codes: 0 done, 1 failed, 2 a source or a delivery failed, or `doctor` found a broken link, 3 `doctor`: it only waits, 64 command line, 75 store in use by another daemon, 78 configuration";

impl From<ExitStatus> for ExitCode {
    fn from(exit: ExitStatus) -> Self {
        Self::from(exit as u8)
    }
}
