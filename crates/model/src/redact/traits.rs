//! What a line has in it at all. One pass over the line finds it, and most patterns are then skipped for most lines.

/// The longest runs of characters in a line, in bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) has_at: bool,
    /// A percent sign or a backslash, which can stand for any other character.
    pub(super) has_escape: bool,
    pub(super) digits: usize,
    /// Six digits, and a dash behind them.
    pub(super) has_date_of_birth: bool,
    pub(super) capitals: usize,
    pub(super) letters: usize,
    /// With the marks of both alphabets of Base64, and those that escape them.
    pub(super) base64: usize,
}

impl Traits {
    pub(super) fn of(text: &str) -> Self {
        let mut longest = Self::default();
        let mut now = Self::default();
        for byte in text.bytes() {
            let (digit, capital) = (byte.is_ascii_digit(), byte.is_ascii_uppercase());
            let letter = digit || byte.is_ascii_alphabetic();
            let escape = byte == b'%' || byte == b'\\';
            longest.has_date_of_birth |= now.digits >= 6 && (byte == b'-' || escape);
            now.digits = if digit { now.digits + 1 } else { 0 };
            now.capitals = if digit || capital { now.capitals + 1 } else { 0 };
            now.letters = if letter { now.letters + 1 } else { 0 };
            now.base64 = if letter || escape || b"/+-_".contains(&byte) { now.base64 + 1 } else { 0 };
            longest.has_at |= byte == b'@';
            longest.has_escape |= escape;
            longest.digits = longest.digits.max(now.digits);
            longest.capitals = longest.capitals.max(now.capitals);
            longest.letters = longest.letters.max(now.letters);
            longest.base64 = longest.base64.max(now.base64);
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_runs_are_found() {
        assert_eq!(Traits::of(""), Traits::default());
        let traits = Traits::of("a@b ABC12 x/y+z%2Fq 123456-7");
        assert_eq!(
            traits,
            Traits {
                has_at: true,
                has_escape: true,
                has_date_of_birth: true,
                digits: 6,
                capitals: 6,
                letters: 6,
                base64: 9
            }
        );
    }
}
