//! The frames of a Python traceback. The innermost one says what the code was doing when it failed, which the name of
//! the error does not.

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PythonFrame<'a> {
    /// The file, such as `/var/task/app.py`, or `<frozen os>` for a module inside the interpreter.
    pub(super) file: &'a str,
    /// The name of the function.
    pub(super) function: &'a str,
    /// The line of source, where the traceback has it.
    pub(super) source: Option<&'a str>,
}

impl<'a> PythonFrame<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let line = line.trim_start_matches([' ', '\t', '"', '\'', ',', '[']);
        let (file, rest) = line.strip_prefix("File \"")?.split_once('"')?;
        let function = rest.split_once(", in ").map_or("", |(_, function)| function.trim_ascii());
        Some(Self { file, function, source: None })
    }

    /// Whether it is code of the function or its dependencies, and not of the interpreter.
    fn is_of_package(&self) -> bool {
        self.file.starts_with("/var/task") || self.file.starts_with("/opt/") || !self.file.starts_with(['/', '<'])
    }
}

/// The frames, outermost first.
pub(super) fn frames(text: &str) -> Vec<PythonFrame<'_>> {
    let mut found: Vec<PythonFrame<'_>> = Vec::new();
    let mut is_new = false;
    for line in text.split(['\n', '\r']).filter(|line| !line.trim_ascii().is_empty()) {
        if let Some(frame) = PythonFrame::of(line) {
            found.push(frame);
            is_new = true;
        } else if std::mem::take(&mut is_new)
            && line.starts_with([' ', '\t'])
            && let Some(frame) = found.last_mut()
        {
            frame.source = Some(line.trim_ascii());
        }
    }
    found
}

/// The line of the package's code in which the error came up, or from which the interpreter was called that raised it.
pub(super) fn failing_source(text: &str) -> Option<&str> {
    frames(text).iter().rev().find(|frame| frame.is_of_package())?.source
}

/// Whether the error came up in the look-up of an environment variable: `os.environ[...]` is Python code itself, so
/// its frame is the innermost.
pub(super) fn is_environment_lookup(text: &str) -> bool {
    frames(text).last().is_some_and(|frame| {
        (frame.file == "<frozen os>" || frame.file.ends_with("/os.py"))
            && matches!(frame.function, "__getitem__" | "getenv" | "getenvb")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROZEN: &str = "KeyError: 'zone'\rTraceback (most recent call last):\r  File \"/var/task/app.py\", line 4, in <module>\r    zone = os.environ['zone']\r  File \"<frozen os>\", line 685, in __getitem__";

    #[test]
    fn the_innermost_frame_says_what_was_looked_up() {
        let in_task = |source| PythonFrame { file: "/var/task/app.py", function: "<module>", source: Some(source) };
        assert_eq!(
            frames(FROZEN),
            [
                in_task("zone = os.environ['zone']"),
                PythonFrame { file: "<frozen os>", function: "__getitem__", source: None }
            ]
        );
        assert!(is_environment_lookup(FROZEN));
        assert_eq!(failing_source(FROZEN), Some("zone = os.environ['zone']"));
    }

    #[test]
    fn other_look_ups_are_none_of_the_environment() {
        for text in [
            "",
            "KeyError: 'zone'",
            "  File \"/var/task/app.py\", line 4, in f\n    rates['zone']\nKeyError: 'zone'",
            "  File \"/var/task/os.py\", line 4, in makedirs\n    mkdir(name)",
            "  File \"<frozen os>\", line 215, in makedirs",
        ] {
            assert!(!is_environment_lookup(text), "{text}");
        }
    }

    #[test]
    fn frames_are_read_from_a_list_of_json_too() {
        let text = "[\"  File \"/var/task/app.py\", line 9, in handler\n    url = environ['queue']\n\",\"  File \"<frozen os>\", line 685, in __getitem__\n\"]";
        assert!(is_environment_lookup(text));
    }
}
