//! Finds the functions that match a pattern.

use std::collections::BTreeSet;

use model::call_failure::CallFailure;
use model::glob::NamePattern;

use super::{LogsApi, paging};

/// The prefix of the log groups that Lambda creates by default.
pub const LOG_GROUP_PREFIX: &str = "/aws/lambda/";

/// The functions that the patterns mean: exact names as they are, patterns by the log groups that exist, so that no
/// right to list functions is needed. In order of their names.
///
/// # Errors
/// The first listing that failed; the names known without it are lost, since the answer would look complete.
pub async fn functions(logs: &dyn LogsApi, patterns: &[NamePattern]) -> Result<Vec<String>, CallFailure> {
    let mut found: BTreeSet<String> = patterns.iter().filter_map(NamePattern::exact).map(str::to_owned).collect();
    for pattern in patterns.iter().filter(|pattern| pattern.exact().is_none()) {
        let prefix = format!("{LOG_GROUP_PREFIX}{}", pattern.literal_start());
        let start = prefix.as_str();
        let groups = paging::all("logs:DescribeLogGroups", start, |token| async move {
            logs.log_groups(start, token.as_deref()).await
        })
        .await?;
        let names = groups.iter().filter_map(|group| group.name.strip_prefix(LOG_GROUP_PREFIX));
        found.extend(names.filter(|name| pattern.fits(name)).map(str::to_owned));
    }
    Ok(found.into_iter().collect())
}
