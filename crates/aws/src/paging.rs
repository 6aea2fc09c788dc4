//! Lists that AWS answers in pages: how they are followed, and when following ends.

use std::collections::BTreeSet;

use model::call_failure::{CallFailure, FailureKind};

use super::ResultPage;

/// The most pages that are read of one list. AWS puts 50 to 1,000 items on a page, so a longer list is taken for one
/// that does not end. Reaching it is an error, so a list is never cut silently.
pub const MAX_PAGES: usize = 1000;

/// Why the pages of a list are not followed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Endless {
    /// A page names a next page that was asked for before.
    #[error("its pages do not end: page {0} leads back to a page that was already read")]
    Repeats(usize),
    /// There are more pages than are read.
    #[error("its pages do not end: there are more than {0}")]
    TooMany(usize),
}

impl Endless {
    /// The failure of the call whose answer it is.
    pub fn failure(self, call: &str, resource: &str) -> CallFailure {
        let next_step = match self {
            Self::Repeats(_) => {
                "the response was not used; monitor retries automatically. If an endpoint of your own answers (AWS_ENDPOINT_URL), check it"
            }
            Self::TooMany(_) => {
                "nothing of this answer was used; name less, such as a longer prefix or fewer functions"
            }
        };
        CallFailure {
            call: call.to_owned(),
            resource: resource.to_owned(),
            kind: FailureKind::Refused,
            said: self.to_string(),
            next_step: next_step.to_owned(),
        }
    }
}

/// The tokens of the pages of one list that have been asked for.
#[derive(Debug)]
pub struct PageTokens {
    asked: BTreeSet<String>,
    pages: usize,
    max_pages: usize,
}

impl Default for PageTokens {
    fn default() -> Self {
        Self::up_to(MAX_PAGES)
    }
}

impl PageTokens {
    /// A list of which no page has been read, and of which at most `max_pages` are.
    pub fn up_to(max_pages: usize) -> Self {
        Self { asked: BTreeSet::new(), pages: 0, max_pages }
    }

    /// Takes what a page that was read names as the next one; `None`, or an empty token, ends the list.
    ///
    /// # Errors
    /// If that page was asked for before, or is one too many.
    pub fn next(&mut self, token: Option<String>) -> Result<Option<String>, Endless> {
        self.pages += 1;
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        if self.asked.contains(&token) {
            return Err(Endless::Repeats(self.pages));
        }
        if self.pages >= self.max_pages {
            return Err(Endless::TooMany(self.max_pages));
        }
        self.asked.insert(token.clone());
        Ok(Some(token))
    }
}

/// All items of a list, page by page. `page` asks for one page by its token; the first one has none.
///
/// # Errors
/// The first page that failed, or [`Endless`] as a failure that names the call and the resource. A part of a list is
/// never given out.
pub async fn all<T, F>(
    call: &str,
    resource: &str,
    mut page: impl FnMut(Option<String>) -> F,
) -> Result<Vec<T>, CallFailure>
where
    F: Future<Output = Result<ResultPage<T>, CallFailure>>,
{
    let (mut items, mut tokens, mut token) = (Vec::new(), PageTokens::default(), None);
    loop {
        let read = page(token).await?;
        items.extend(read.items);
        token = tokens.next(read.next).map_err(|endless| endless.failure(call, resource))?;
        if token.is_none() {
            return Ok(items);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a list whose pages name these next pages, the last one over and over, and gives how it ended and how many
    /// pages were read.
    #[track_caller]
    fn check(next: &[&str], expected: Result<usize, Endless>) {
        let mut tokens = PageTokens::up_to(5);
        let mut pages = 0;
        let ended = loop {
            let named = next.get(pages).or(next.last()).map(|token| (*token).to_owned());
            pages += 1;
            match tokens.next(named) {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(pages),
                Err(endless) => break Err(endless),
            }
        };
        assert_eq!(ended, expected, "{next:?}");
    }

    #[test]
    fn a_token_that_was_seen_before_ends_a_list_however_long_the_circle_is() {
        check(&[], Ok(1));
        check(&[""], Ok(1));
        check(&["a", "b", "c", ""], Ok(4));
        check(&["a"], Err(Endless::Repeats(2)));
        check(&["a", "b", "a", "b"], Err(Endless::Repeats(3)));
        check(&["a", "b", "c", "b"], Err(Endless::Repeats(4)));
        check(&["a", "b", "c", "d", "e", "f"], Err(Endless::TooMany(5)));
        check(&["a", "b", "c", "d", ""], Ok(5));
    }

    #[tokio::test]
    async fn an_endless_list_is_an_error_that_names_the_call_and_the_resource() {
        let answer = |token: Option<String>| async move {
            let next = if token.as_deref() == Some("A") { "B" } else { "A" };
            Ok(ResultPage { items: vec![1], next: Some(next.to_owned()) })
        };
        let failure = all("logs:DescribeLogGroups", "/aws/lambda/shop", answer).await.unwrap_err();
        assert_eq!(
            (failure.call.as_str(), failure.resource.as_str(), failure.kind),
            ("logs:DescribeLogGroups", "/aws/lambda/shop", FailureKind::Refused)
        );
        assert!(failure.said.contains("page 3 leads back"), "{failure}");
    }
}
