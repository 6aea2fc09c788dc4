//! `monitor completions`

use clap_complete::Shell;

use super::output::print;
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the completions of `command`, the whole command line.
pub(super) fn run(args: Args, mut command: clap::Command) -> ExitStatus {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "monitor", &mut script);
    print(&String::from_utf8_lossy(&script));
    ExitStatus::Done
}
