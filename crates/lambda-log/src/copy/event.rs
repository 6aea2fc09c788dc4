//! One event of a log, as a copy of the log has it.

/// The longest event that is kept whole, in bytes; of a longer one the beginning.
pub(super) const LONGEST_EVENT: usize = 64 * 1024;

/// One event of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopiedEvent<'a> {
    /// When it was written, milliseconds since 1970 UTC, if the copy has it.
    pub at_ms: Option<i64>,
    /// The log stream; empty if the copy has none.
    pub stream: &'a str,
    /// The function; empty if the copy has none.
    pub function: &'a str,
    /// The text.
    pub text: &'a str,
    /// How many lines of the copy it consists of.
    pub lines: u64,
    /// It is what is left of something that was cut, such as half an object.
    pub broken: bool,
}

/// Takes the events of a copied log.
pub trait EventSink {
    /// Takes one event.
    fn event(&mut self, event: CopiedEvent<'_>);
}

/// An event that owns its text.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnedEvent {
    pub(crate) at_ms: Option<i64>,
    pub(super) stream: String,
    pub(super) function: String,
    pub(crate) text: String,
    pub(super) lines: u64,
    pub(super) broken: bool,
}

impl OwnedEvent {
    pub(crate) fn of(event: CopiedEvent<'_>) -> Self {
        let CopiedEvent { at_ms, stream, function, text, lines, broken } = event;
        Self { at_ms, stream: stream.to_owned(), function: function.to_owned(), text: text.to_owned(), lines, broken }
    }

    pub(crate) fn as_event(&self) -> CopiedEvent<'_> {
        CopiedEvent {
            at_ms: self.at_ms,
            stream: &self.stream,
            function: &self.function,
            text: &self.text,
            lines: self.lines,
            broken: self.broken,
        }
    }

    pub(super) fn go_on(&mut self, line: &str) {
        self.lines += 1;
        if self.text.len() + line.len() < LONGEST_EVENT {
            self.text.push('\n');
            self.text.push_str(line);
        }
    }
}
