//! Escapes text for Slack, so that log text cannot create mentions, links or markup.

/// What keeps a mark from being markup: it is not seen.
const APART: char = '\u{200b}';
/// One log line, in UTF-16 units.
const LOG_LINE: usize = 600;

/// The length that Slack's limits are compared with, in UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// For text between markup of our own. Slack's three control characters are escaped, so that nothing can mention a
/// channel or make a link; emphasis marks are separated from words, so that they are shown as they are. Code quotes of
/// the monitor (`like this`) stay.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let text = text.replace("```", "'''");
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let in_a_word = |other: Option<char>| other.is_some_and(char::is_alphanumeric);
        match c {
            '*' | '~' => escaped.extend([APART, c, APART]),
            '_' if !in_a_word(before) || !in_a_word(rest.peek().copied()) => escaped.extend([APART, c, APART]),
            // At the beginning of a line it would quote it.
            '>' if before.is_none() => escaped.extend([APART].into_iter().chain("&gt;".chars())),
            // Neither in the text that is shown in a notification.
            '@' => escaped.extend([c, APART]),
            c => escaped.push_str(&escape_controls(c.encode_utf8(&mut [0; 4]))),
        }
        before = Some(c);
    }
    escaped
}

/// The three control characters alone, for text where Slack knows no other markup.
pub(super) fn escape_controls(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Log lines as preformatted text, where Slack knows no markup but the fence itself.
pub(super) fn fenced(lines: &[String]) -> String {
    let lines: Vec<String> =
        lines.iter().map(|line| cut_escaped(&escape_controls(&line.replace("``", "''")), LOG_LINE)).collect();
    format!("```{}\n```", lines.join("\n"))
}

/// At most `most` UTF-16 units, with a mark where something is left out.
pub(super) fn cut(text: &str, most: usize) -> String {
    if length(text) <= most { text.to_owned() } else { format!("{}…", first(text, most.saturating_sub(1))) }
}

/// Like [`cut`], but never in the middle of an `&amp;`, and with a code fence closed again.
pub(super) fn cut_escaped(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let fence = if text.starts_with("```") { "\n```" } else { "" };
    let kept = first(text, most.saturating_sub(1 + fence.len()));
    let whole = match kept.rfind('&') {
        Some(at) if !kept.get(at..).unwrap_or_default().contains(';') => kept.get(..at).unwrap_or_default(),
        _ => kept,
    };
    format!("{whole}…{fence}")
}

/// The first characters, up to `most` UTF-16 units.
fn first(text: &str, most: usize) -> &str {
    let mut left = most;
    let end = text.char_indices().find(|(_, c)| match left.checked_sub(c.len_utf16()) {
        Some(less) => {
            left = less;
            false
        }
        None => true,
    });
    end.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_markup_is_text() {
        for (given, escaped) in [
            ("<!channel> & <https://evil.example|click>", "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"),
            ("@channel", "@\u{200b}channel"),
            ("*b* ~s~", "\u{200b}*\u{200b}b\u{200b}*\u{200b} \u{200b}~\u{200b}s\u{200b}~\u{200b}"),
            ("my_function_name", "my_function_name"),
            ("_i_", "\u{200b}_\u{200b}i\u{200b}_\u{200b}"),
            ("> quoted > not", "\u{200b}&gt; quoted &gt; not"),
            ("```code", "'''code"),
            ("`Instancing..` began", "`Instancing..` began"),
        ] {
            assert_eq!(escape(given), escaped);
        }
    }

    #[test]
    fn a_fence_is_left_by_nothing_in_it() {
        for line in ["```", "````", "a``", "`", "``` ```"] {
            let fenced = fenced(&[line.to_owned(), line.to_owned()]);
            assert_eq!(fenced.matches("```").count(), 2, "{fenced}");
        }
    }

    #[test]
    fn a_cut_text_is_whole_as_far_as_it_goes() {
        for (text, most, kept) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 5, "abcd…"),
            ("🚀🚀🚀", 5, "🚀🚀…"),
            ("🚀🚀🚀", 4, "🚀…"),
            ("ab", 0, "…"),
        ] {
            assert_eq!(cut(text, most), kept);
        }
        for (text, most, kept) in [
            ("a &amp; b", 9, "a &amp; b"),
            ("a &amp; b", 8, "a &amp;…"),
            ("a &amp; b", 6, "a …"),
            ("```abcdefgh```", 12, "```abcd…\n```"),
        ] {
            assert_eq!(cut_escaped(text, most), kept);
        }
    }
}
