//! Renders mistakes with the source line underlined.

use std::sync::LazyLock;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use model::settings::ConfigProblem;
use regex::Regex;

/// All problems of `text`, the file called `path`, with colours if wanted.
pub fn show(problems: &[ConfigProblem], path: &str, text: &str, colors: bool) -> String {
    let renderer = if colors { Renderer::styled() } else { Renderer::plain() };
    let text = without_secrets(problems, text);
    let mut shown: Vec<String> =
        problems.iter().map(|problem| renderer.render(&[group(problem, path, &text)])).collect();
    let count = if problems.len() == 1 { "1 mistake".to_owned() } else { format!("{} mistakes", problems.len()) };
    shown.push(format!("{path}: {count}"));
    shown.join("\n\n")
}

/// The text with stars where a secret stands, byte for byte, so that places stay where they are.
fn without_secrets(problems: &[ConfigProblem], text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for problem in problems.iter().filter(|problem| problem.hidden) {
        let inside = problem.at.start.saturating_add(1)..problem.at.end.saturating_sub(1);
        bytes.get_mut(inside).into_iter().flatten().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
    }
    let mut masked = String::from_utf8_lossy(&bytes).into_owned();
    // A line that is shown for another reason may hold one as well.
    let Ok(pattern) = LOOKS_SECRET.as_ref() else {
        // Without the pattern nothing of the text may be shown.
        return masked.chars().map(|c| if c == '\n' { "\n".to_owned() } else { "*".repeat(c.len_utf8()) }).collect();
    };
    let found: Vec<_> =
        pattern.captures_iter(&masked).filter_map(|found| found.get(1)).map(|found| found.range()).collect();
    for range in found {
        let stars = "*".repeat(range.len());
        masked.replace_range(range, &stars);
    }
    masked
}

/// Text in quotes right behind a key that sounds like a secret.
static LOOKS_SECRET: LazyLock<Result<Regex, String>> = LazyLock::new(|| {
    let pattern = r#"(?i)[\w.-]*(?:pass|pasw|pwd|secret|token|webhook|key|auth|cookie|credential)[\w.-]*[ \t]*=[ \t]*["']([^"'\n]*)"#;
    Regex::new(pattern)
        .map_err(|error| format!("the pattern for secrets in a configuration `{pattern}` does not compile: {error}"))
});

/// Compiles the pattern. The program calls this before anything else, and does not start if it fails.
///
/// # Errors
/// A sentence that names the pattern.
pub fn load() -> Result<(), String> {
    LOOKS_SECRET.as_ref().map(|_| ()).map_err(Clone::clone)
}

fn group<'a>(problem: &'a ConfigProblem, path: &'a str, text: &'a str) -> Group<'a> {
    let end = problem.at.end.min(text.len());
    let at = problem.at.start.min(end)..end;
    let snippet =
        Snippet::source(text).path(path).annotation(AnnotationKind::Primary.span(at).label(problem.label.as_str()));
    let group = Level::ERROR.primary_title(problem.what.as_str()).element(snippet);
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}
