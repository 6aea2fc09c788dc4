//! What was found, as a table, and what may not be read.

use account::inventory::ResourceKind;
use comfy_table::{CellAlignment, Table, presets};
use model::call_failure::{CallFailure, FailureKind};

use super::bill::FoundBill;
use super::found::{FoundAccount, billable_word, word};
use super::plan::by_call;
use super::toml_text::mentioned;

/// The most examples of a kind.
const EXAMPLES: usize = 3;
/// The longest example.
const LONGEST: usize = 40;

/// What is there, and what may not be read with what stays unseen for it.
pub fn found_table(found: &FoundAccount) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["Kind", "Count", "Examples"]);
    if let Some(count) = table.column_mut(1) {
        count.set_cell_alignment(CellAlignment::Right);
    }
    let mut empty: Vec<String> = Vec::new();
    let mut row = |words: String, names: Vec<&str>, unread: usize| match names.len() {
        0 => empty.push(words),
        count => {
            let mut examples: Vec<String> = names.iter().take(EXAMPLES).map(|name| short(name)).collect();
            if count > EXAMPLES {
                examples.push("...".to_owned());
            }
            let count = if unread > 0 { format!("{count} or more") } else { count.to_string() };
            table.add_row([words, count, examples.join(", ")]);
        }
    };
    for (kind, read) in &found.kinds {
        if let Ok(snapshot) = read {
            let unread = snapshot.parts.values().filter(|part| part.read.is_none()).count();
            let names = snapshot.resources.iter().map(account::map::MapResource::called).collect();
            row(spaced(word(*kind)), names, unread);
        }
    }
    // The map has shown these two.
    let shown = [ResourceKind::LogGroup, ResourceKind::ProvisionedConcurrency];
    for (kind, read) in found.billable.iter().filter(|(kind, _)| !shown.contains(kind)) {
        if let Ok(ids) = read {
            row(kind.plural().to_owned(), ids.iter().map(String::as_str).collect(), 0);
        }
    }
    let mut text = if table.is_empty() {
        String::new()
    } else {
        format!("{}\n", table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n"))
    };
    if !empty.is_empty() {
        text.push_str(&format!("None of these: {}\n", empty.join(", ")));
    }
    let unseen = unseen(found);
    if !unseen.is_empty() {
        text.push_str("\nNot readable:\n");
        unseen.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text
}

/// One line for each call that failed.
fn unseen(found: &FoundAccount) -> Vec<String> {
    let kinds = found.kinds.iter().filter_map(|(kind, read)| Some((word(*kind), read.as_ref().err()?)));
    let changes = by_call(kinds)
        .into_iter()
        .map(|(failure, words)| line(failure, &format!("changes of {} are not seen", spaced(&words.join(", ")))));
    let billable = found.billable.iter().filter_map(|(kind, read)| Some((billable_word(*kind), read.as_ref().err()?)));
    let idle = by_call(billable).into_iter().map(|(failure, words)| {
        line(failure, &format!("what is idle is not found among {}", spaced(&words.join(", "))))
    });
    let bill = match &found.bill {
        FoundBill::Failed(failure) => Err(failure),
        FoundBill::NotAsked | FoundBill::Read(_) => Ok(()),
    };
    let others = [
        (found.logs.as_ref().err(), "failed invocations and their causes are not seen"),
        (found.metrics.as_ref().err(), "throttled calls are not seen"),
        (found.charges.as_ref().err(), "the month is not estimated before the bill has it"),
        (bill.err(), "the bill is not watched"),
    ];
    let others = others.into_iter().filter_map(|(failure, blind)| Some(line(failure?, blind)));
    changes.chain(idle).chain(others).collect()
}

fn line(failure: &CallFailure, blind: &str) -> String {
    match failure.kind {
        FailureKind::Denied => format!("{} is not allowed: {blind}", failure.call),
        _ => format!("{} failed ({}): {blind}", failure.call, mentioned(&failure.said)),
    }
}

fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// A name that does not make a line too long.
fn short(name: &str) -> String {
    let name = mentioned(name);
    match name.chars().count() > LONGEST {
        true => format!("{}...", name.chars().take(LONGEST).collect::<String>()),
        false => name,
    }
}
