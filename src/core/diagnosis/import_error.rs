//! A module, class or assembly is not in the package or its layers.

use super::{Application, Case, Cause, Confidence, Diagnosis, Weight};

pub(super) const MEANING: &str = "a module is missing from the package";
pub(super) const NEXT_STEP: &str =
    "Package the dependency that the quoted line names (or mend the zip's root or layer path) and deploy again; nothing runs until then.";

pub(super) fn sign(line: &Application) -> Option<Weight> {
    let text = line.text.as_str();
    if text.contains("Runtime.ImportModuleError") || text.contains("Unable to import module") {
        return Some(Weight::Failure);
    }
    let hint = [
        "No module named",
        "Cannot find module",
        "ERR_MODULE_NOT_FOUND",
        "ModuleNotFoundError",
        "NoClassDefFoundError",
        "ClassNotFoundException",
        "cannot load such file",
    ];
    hint.iter().any(|hint| text.contains(hint)).then_some(Weight::Hint)
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    const FINDING: &str = "The runtime could not load the function's code because a module is missing.";
    if case.error_type() == "Runtime.ImportModuleError" {
        return Some(Diagnosis { cause: Cause::ImportError, confidence: Confidence::Proved, finding: FINDING.to_owned() });
    }
    case.by_sign(Cause::ImportError, FINDING)
}
