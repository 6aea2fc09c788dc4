//! Mistakes as a person reads them: each underlined at its place.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::core::settings::Problem;

/// All problems of `text`, the file called `path`, with colours if wanted.
pub fn show(problems: &[Problem], path: &str, text: &str, colors: bool) -> String {
    let renderer = if colors { Renderer::styled() } else { Renderer::plain() };
    let mut shown: Vec<String> = problems.iter().map(|problem| renderer.render(&[group(problem, path, text)])).collect();
    let count = if problems.len() == 1 { "1 mistake".to_owned() } else { format!("{} mistakes", problems.len()) };
    shown.push(format!("{path}: {count}"));
    shown.join("\n\n")
}

fn group<'a>(problem: &'a Problem, path: &'a str, text: &'a str) -> Group<'a> {
    let end = problem.at.end.min(text.len());
    let at = problem.at.start.min(end)..end;
    let snippet = Snippet::source(text).path(path).annotation(AnnotationKind::Primary.span(at).label(problem.label.as_str()));
    let group = Level::ERROR.primary_title(problem.what.as_str()).element(snippet);
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}
