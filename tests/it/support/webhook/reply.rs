//! The script of a webhook receiver.

/// What one request gets.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An HTTP answer.
    Answer { status: u16, headers: Vec<(String, String)>, body: String },
    /// Nothing, with the connection open.
    Hang,
    /// The end of the connection, once the request was read.
    Close,
    /// The head of a success, half of the body that it promises, and the end of the connection.
    Half,
}

impl Reply {
    /// An empty answer.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: String::new() }
    }

    /// The answer with one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The answer with this text.
    pub(crate) fn body(mut self, text: &str) -> Self {
        if let Self::Answer { body, .. } = &mut self {
            text.clone_into(body);
        }
        self
    }
}
