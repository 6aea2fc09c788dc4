//! A module, class or assembly is not in the package or its layers.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "a module is missing from the package";
pub(super) const NEXT_STEP: &str =
    "Package the dependency that the quoted line names (or mend the zip's root or layer path) and deploy again; nothing runs until then.";
pub(super) const WORDS: &[&str] = &[
    "Runtime.ImportModuleError",
    "Unable to import module",
    "No module named",
    "Cannot find module",
    "cannot find module",
    "Cannot find package",
    "ERR_MODULE_NOT_FOUND",
    "MODULE_NOT_FOUND",
    "ModuleNotFoundError",
    "ImportError",
    "cannot import name",
    "bad magic number",
    "NoClassDefFoundError",
    "ClassNotFoundException",
    "cannot load such file",
    "LoadError",
    "FileNotFoundException: Could not load file or assembly",
    "Could not load file or assembly",
    "Could not resolve module",
    "no such module",
    "Class \"",
    "Error loading module",
    "Failed opening required",
];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    let text = line.text.as_ref();
    // A class of PHP's; the word alone is everybody's.
    if text.contains("Class \"") && !text.contains("not found") && !WORDS.iter().any(|word| *word != "Class \"" && text.contains(word)) {
        return None;
    }
    let of_runtime = text.starts_with("Runtime.ImportModuleError") || text.contains("Unable to import module");
    super::said(line).map(|weight| if of_runtime { Weight::Failure } else { weight })
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::ImportError, "The runtime could not load the function's code because a module is missing or cannot be used.")
}
