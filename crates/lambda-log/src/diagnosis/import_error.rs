//! A module, class or assembly is not in the package or its layers.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::is_whole_name;
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

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
    "assembly specified in the application dependencies manifest",
    "Could not load type '",
    "Could not resolve module",
    "no such module",
    "Class \"",
    "Error loading module",
    "Failed opening required",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    // A class of PHP's; the word alone is everybody's.
    if text.contains("Class \"")
        && !text.contains("not found")
        && !WORDS.iter().any(|word| *word != "Class \"" && text.contains(word))
    {
        return None;
    }
    // The runtime says the same of the handler's own type, in other words; a type has to be of an assembly.
    if text.contains("Could not load type '") && !text.contains("from assembly") {
        return None;
    }
    // The end of another name, such as `CsvImportError`, is none of these.
    let names = ["ImportError", "LoadError", "ClassNotFoundException"];
    let by_name = names.iter().any(|name| is_whole_name(text, name));
    if !by_name && !WORDS.iter().any(|word| !names.contains(word) && text.contains(word)) {
        return None;
    }
    let of_runtime = text.starts_with("Runtime.ImportModuleError") || text.contains("Unable to import module");
    said(line).map(|weight| if of_runtime { MatchWeight::Failure } else { weight })
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(
        Cause::ImportError,
        "The runtime could not load the function's code because a module is missing or cannot be used.",
    )
}
