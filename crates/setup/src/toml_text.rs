//! Lines of TOML with comments. Every text from outside is quoted by the `toml` crate, or, in a comment, made one line.

use model::redact::printable;

/// The longest line of a comment.
const WIDTH: usize = 116;

/// A file under construction.
#[derive(Debug, Default)]
pub(super) struct TomlText(String);

impl TomlText {
    /// An empty line, unless there is one.
    pub(super) fn blank(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }

    /// The title of a part.
    pub(super) fn section(&mut self, title: &str) {
        self.blank();
        self.0.push_str(&format!("# ---- {title} ----\n"));
    }

    /// Text for people, in lines that are not too long.
    pub(super) fn comment(&mut self, text: &str) {
        let mut line = String::from("#");
        for word in text.split_whitespace() {
            if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.0.push_str(&line);
                self.0.push('\n');
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.0.push_str(&line);
        self.0.push('\n');
    }

    /// A line of TOML; one that is not active is commented out.
    pub(super) fn line(&mut self, active: bool, line: &str) {
        self.0.push_str(if active { "" } else { "# " });
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A table: an empty line, why it is there, and its lines.
    pub(super) fn table<S: AsRef<str>>(&mut self, active: bool, why: &str, lines: impl IntoIterator<Item = S>) {
        self.blank();
        if !why.is_empty() {
            self.comment(why);
        }
        lines.into_iter().for_each(|line| self.line(active, line.as_ref()));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A text as a TOML string on one line.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(printable(text)).to_string()
}

/// A list of texts.
pub(super) fn list<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> String {
    let all: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", all.join(", "))
}

/// A name as a part of a table's name.
pub(super) fn key(name: &str) -> String {
    let table = toml::Table::from_iter([(printable(name), toml::Value::Integer(0))]);
    table.to_string().trim_end().trim_end_matches('0').trim_end().trim_end_matches('=').trim_end().to_owned()
}

/// A text from outside in a sentence.
pub(super) fn mentioned(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first of some names, and how many there are beside them.
pub(super) fn some_of(names: &[&str], most: usize) -> String {
    let mut shown: Vec<String> = names.iter().take(most).map(|name| format!("`{}`", mentioned(name))).collect();
    if names.len() > most {
        shown.push(format!("and {} more", names.len() - most));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_holds_the_text_is_the_same_toml_again() {
        for name in ["plain", "a\"b", "a'b", "a\\b", "'\"", "$LATEST", "a#b = [x]", "가", "a\u{7f}", "tab\there", ""] {
            let mut text = TomlText::default();
            text.comment(&format!("It is called {}.", mentioned(name)));
            text.line(true, &format!("[x.{}]", key(name)));
            text.line(true, &format!("name = {}", quoted(name)));
            text.line(true, &format!("names = {}", list([name, name])));
            let text = text.finish();
            assert_eq!(text.lines().count(), 4, "{text}");
            let read: toml::Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let table = read["x"].as_table().unwrap();
            let (known, inner) = table.iter().next().unwrap();
            assert_eq!(
                (known.as_str(), inner["name"].as_str()),
                (printable(name).as_str(), Some(printable(name).as_str()))
            );
        }
    }
}
