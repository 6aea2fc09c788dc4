//! The OneStep todo API; see the library.

use std::process::ExitCode;

use onestep_api::command;

fn main() -> ExitCode {
    command::main()
}
