//! What was deployed was built for another processor or system.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "it was built for another architecture";
pub(super) const NEXT_STEP: &str =
    "Build for the function's architecture (arm64 or x86_64) on Linux, layers and extensions too, or change the function's architecture.";
pub(super) const WORDS: &[&str] = &[
    "exec format error",
    "Exec format error",
    "invalid ELF header",
    "cannot execute binary file",
    "wrong ELF class",
    "incompatible architecture",
    "mach-o",
    "compiled against a different Node.js version",
    "NODE_MODULE_VERSION",
    "cannot execute: required file not found",
    "is not a valid Win32 application",
    "elf_load",
    "incompatible with the architecture",
    "Illegal instruction",
    "built for linux-x64",
    "darwin-",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::WrongArchOrBinary, "A binary in the package was built for another processor or another system.")
}
