//! `monitor completions`

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, print};
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: Args) -> ExitStatus {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "monitor", &mut script);
    print(&String::from_utf8_lossy(&script));
    ExitStatus::Done
}
