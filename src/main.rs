//! The `monitor` program.

fn main() -> std::process::ExitCode {
    monitor::commands::main().into()
}
