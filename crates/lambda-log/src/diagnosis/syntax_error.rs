//! The code cannot be parsed, or mixes the two module systems of Node.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "the code cannot be parsed";
pub(super) const NEXT_STEP: &str = "Mend the place that the quoted line names, or bundle to one module format that fits the file's ending and `type` in package.json (.mjs is ESM, .cjs is CommonJS).";
pub(super) const WORDS: &[&str] = &[
    "Runtime.UserCodeSyntaxError",
    "SyntaxError",
    "syntax error",
    "IndentationError",
    "TabError",
    "Cannot use import statement outside a module",
    "require is not defined",
    "exports is not defined",
    "module is not defined",
    "__dirname is not defined",
    "__filename is not defined",
    "ERR_REQUIRE_ESM",
    "require() of ES Module",
    "Must use import to load ES Module",
    "Dynamic require of",
    "ERR_PACKAGE_PATH_NOT_EXPORTED",
    "ERR_UNKNOWN_FILE_EXTENSION",
    "ERR_UNSUPPORTED_DIR_IMPORT",
    "does not provide an export named",
    "Unexpected token 'export'",
    "Unexpected token export",
    "Unexpected token import",
    "await is only valid in",
];

/// A parser of data complains with the same words about data.
const OF_DATA: [&str; 10] =
    [" JSON", "JSON.parse", "JSON at position", "<anonymous_script>", "xml", "SQL", "sqlite", "ProgrammingError", "OperationalError", "near \""];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    let text = line.text.as_ref();
    let of_data = OF_DATA.iter().any(|word| text.contains(word)) && !text.contains("Runtime.UserCodeSyntaxError");
    if of_data { None } else { super::said(line) }
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::SyntaxError, "The runtime could not parse the function's code, or could not load a module in the format it has.")
}
