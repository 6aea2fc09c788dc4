//! Which functions a pattern means.

use std::collections::BTreeSet;

use model::call_failure::CallFailure;
use model::glob::NamePattern;

use super::Logs;

/// Where Lambda keeps the log of a function unless told otherwise.
pub const LOG_GROUP_PREFIX: &str = "/aws/lambda/";

/// The functions that the patterns mean: exact names as they are, patterns by the log groups that exist, so that no right to
/// list functions is needed. In order of their names.
///
/// # Errors
/// The first listing that failed; the names known without it are lost, since the answer would look complete.
pub async fn functions(logs: &dyn Logs, patterns: &[NamePattern]) -> Result<Vec<String>, CallFailure> {
    let mut found: BTreeSet<String> = patterns.iter().filter_map(NamePattern::exact).map(str::to_owned).collect();
    for pattern in patterns.iter().filter(|pattern| pattern.exact().is_none()) {
        let prefix = format!("{LOG_GROUP_PREFIX}{}", pattern.literal_start());
        let mut token: Option<String> = None;
        loop {
            let page = logs.log_groups(&prefix, token.as_deref()).await?;
            found.extend(page.items.iter().filter_map(|group| group.name.strip_prefix(LOG_GROUP_PREFIX)).filter(|name| pattern.fits(name)).map(str::to_owned));
            // A token that comes back unchanged would be asked for ever.
            if page.next.is_none() || page.next == token {
                break;
            }
            token = page.next;
        }
    }
    Ok(found.into_iter().collect())
}
