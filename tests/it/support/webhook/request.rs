//! A request as a webhook receiver reads it.

use std::io::BufRead;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With the query, if any.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The body as it came, in bytes.
    pub(crate) length: usize,
}

impl Request {
    /// The first header of this name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Reads one request, whose body has a `Content-Length` if there is one.
pub(in super::super) fn read(input: &mut impl BufRead) -> std::io::Result<Request> {
    let mut first = String::new();
    input.read_line(&mut first)?;
    let mut words = first.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(std::io::Error::other("no request line"));
    };
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: String::new(), length: 0 };
    if request.header("transfer-encoding").is_some() {
        return Err(std::io::Error::other("a body without its length"));
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    input.read_exact(&mut body)?;
    request.length = body.len();
    request.body = String::from_utf8_lossy(&body).into_owned();
    Ok(request)
}
