//! How deep in brackets a text is.

/// How deep in brackets a text is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BracketDepth {
    pub(crate) level: i64,
    pub(super) in_string: bool,
    escaped: bool,
}

impl BracketDepth {
    pub(crate) fn add(&mut self, text: &str) {
        for byte in text.bytes() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.level += 1,
                b'}' | b']' => self.level -= 1,
                _ => {}
            }
        }
        // In JSON no string goes on over the end of a line; in what only looks like it, an apostrophe may.
        self.in_string = false;
        self.escaped = false;
    }
}
