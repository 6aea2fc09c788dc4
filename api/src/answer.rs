//! How the answer of any other service is read: whole, but only up to a limit, and why there is none.

use reqwest::Response;

/// Said of an answer that is longer than it may be; like every reason here the end of a sentence.
pub(crate) const TOO_LONG: &str = "the answer is too long";

/// The whole body of an answer, of at most `most` bytes.
///
/// # Errors
/// When it is longer, or breaks off.
pub(crate) async fn body(mut answer: Response, most: usize) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| reason(&error))? {
        if chunk.len() > most - body.len() {
            return Err(TOO_LONG);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why a request failed, without its URL.
pub(crate) fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "the connection broke off"
    }
}
