//! Where the logs of functions are: which functions a pattern means, and which log group holds the log of each.
//!
//! A function logs to the group of its logging configuration, `/aws/lambda/<function>` by default. Several functions
//! may share a group; then the names of the streams tell them apart.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html>

use std::collections::{BTreeMap, BTreeSet};

use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;

use super::{LambdaApi, LogClass, LogsApi, paging};

/// The prefix of the log groups that Lambda creates by default.
const LOG_GROUP_PREFIX: &str = "/aws/lambda/";
/// What the name of a function of Lambda@Edge begins with in the log groups of the regions where it ran. The function
/// itself is in us-east-1.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-edge.html>
const EDGE: &str = "us-east-1.";
/// The call that reads a log group.
const READ: &str = "logs:FilterLogEvents";

/// Where the log of a function is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogDestination {
    /// The function.
    pub function: String,
    /// The log group.
    pub group: String,
}

impl LogDestination {
    /// The group that Lambda creates for a function that names no other.
    pub fn by_default(function: &str) -> Self {
        Self { function: function.to_owned(), group: format!("{LOG_GROUP_PREFIX}{function}") }
    }
}

/// The function whose group by default this is; `None` for any other group.
pub fn default_function(group: &str) -> Option<&str> {
    group.strip_prefix(LOG_GROUP_PREFIX).filter(|name| !name.is_empty())
}

/// The function that a stream names: `YYYY/MM/DD/<function>[<version>][<environment>]`. The streams of a group by
/// default name none. The brackets around the environment are not there in every region.
pub fn function_of_stream(stream: &str) -> Option<&str> {
    let (date, rest) = stream.split_at_checked(11)?;
    let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 | 10 => byte == b'/',
        _ => byte.is_ascii_digit(),
    });
    let (function, rest) = rest.split_once('[')?;
    let (version, environment) = rest.split_once(']')?;
    let is_name = function.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let is_one = is_date && is_name && ![function, version, environment].iter().any(|part| part.is_empty());
    is_one.then_some(function)
}

/// Which logs are asked for.
#[derive(Debug, Clone, Default)]
pub struct LogSelection {
    /// Functions, by name or pattern.
    pub functions: Vec<NamePattern>,
    /// Log groups, by name or pattern: whatever functions log there.
    pub groups: Vec<NamePattern>,
}

impl LogSelection {
    /// The logs of these functions.
    pub fn of(functions: &[NamePattern]) -> Self {
        Self { functions: functions.to_vec(), groups: vec![] }
    }

    /// Whether a function is asked for by its name, or by the one it has at the edge.
    pub fn has_function(&self, name: &str) -> bool {
        let of_edge = name.strip_prefix(EDGE);
        self.functions.iter().any(|pattern| pattern.fits(name) || of_edge.is_some_and(|bare| pattern.fits(bare)))
    }
}

/// The logs that a selection means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedLogs {
    /// Each function with each group that holds a log of it. A function has two if its group by default is still there:
    /// versions that were published before its configuration changed go on to log there.
    pub destinations: BTreeSet<LogDestination>,
    /// The groups that are meant as a whole, whatever functions log there.
    pub whole: BTreeSet<String>,
    /// The groups that were not named and that may not exist yet: Lambda creates a group at the first invocation.
    pub may_be_absent: BTreeSet<String>,
    /// Why functions could not be listed. Then they are known by the names of log groups only.
    pub unlisted: Option<CallFailure>,
    /// Why the log groups of Lambda@Edge could not be listed.
    pub edge_unlisted: Option<CallFailure>,
}

impl ResolvedLogs {
    /// The functions, in order of their names.
    pub fn functions(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.destinations.iter().map(|found| &found.function).collect();
        names.into_iter().cloned().collect()
    }

    /// Each group once, with the functions that are known to log there.
    pub fn by_group(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut groups: BTreeMap<String, BTreeSet<String>> =
            self.whole.iter().map(|group| (group.clone(), BTreeSet::new())).collect();
        for LogDestination { function, group } in &self.destinations {
            groups.entry(group.clone()).or_default().insert(function.clone());
        }
        groups
    }

    /// What is not seen because functions or log groups may not be listed, and the permission that is missing.
    pub fn blind_spot(&self) -> Option<String> {
        let because = |failure: &CallFailure| {
            format!("because {} is not allowed ({}); {}", failure.call, failure.said, failure.next_step)
        };
        let functions = self.unlisted.as_ref().map(|failure| {
            format!(
                "functions are known by their log groups {LOG_GROUP_PREFIX}<function> only, and the log of a function with another group is not seen, {}",
                because(failure)
            )
        });
        let edge = self.edge_unlisted.as_ref().map(|failure| {
            format!(
                "the logs of functions of Lambda@Edge ({LOG_GROUP_PREFIX}{EDGE}<function>) are not seen, {}",
                because(failure)
            )
        });
        let all: Vec<String> = functions.into_iter().chain(edge).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// Looks up the logs that are meant. The group of a function is that of its configuration, as `lambda:ListFunctions`
/// gives it. Where that call is denied, and for functions that are gone, the names of log groups are what is known.
/// An exact name is always meant, whether or not anything of that name is found.
///
/// # Errors
/// The first listing that failed, but for a denied `lambda:ListFunctions`; what is known without it is lost, since the
/// answer would look complete.
pub async fn resolve(
    logs: &dyn LogsApi,
    functions: &dyn LambdaApi,
    wanted: &LogSelection,
) -> Result<ResolvedLogs, CallFailure> {
    let mut found = ResolvedLogs::default();
    let mut configured: BTreeMap<String, String> = BTreeMap::new();
    match listed(functions).await {
        Ok(all) => configured.extend(all.into_iter().map(|at| (at.function, at.group))),
        Err(failure) if failure.kind == FailureKind::Denied => found.unlisted = Some(failure),
        Err(failure) => return Err(failure),
    }
    let claimed: BTreeSet<&String> = configured.values().collect();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for pattern in &wanted.functions {
        if let Some(name) = pattern.exact() {
            let mut at = LogDestination::by_default(name);
            if let Some(group) = configured.get(name) {
                at.group.clone_from(group);
            }
            named.insert(at.group.clone());
            found.destinations.insert(at);
            continue;
        }
        // A group that others were given is no function of that name.
        let is_one = |name: &str, group: &String| configured.contains_key(name) || !claimed.contains(group);
        let there = existing(logs, &LogDestination::by_default(pattern.literal_start()).group).await?;
        found.destinations.extend(there.into_iter().filter_map(|group| {
            let function = default_function(&group).filter(|name| pattern.fits(name) && is_one(name, &group))?;
            Some(LogDestination { function: function.to_owned(), group })
        }));
        // A function that was never invoked has no group by default, which is known from the list above.
        for (function, group) in configured.iter().filter(|(function, _)| pattern.fits(function)) {
            if default_function(group) != Some(function) {
                found.may_be_absent.insert(group.clone());
                found.destinations.insert(LogDestination { function: function.clone(), group: group.clone() });
            }
        }
    }
    if !wanted.functions.is_empty() {
        match existing(logs, &LogDestination::by_default(EDGE).group).await {
            Ok(there) => found.destinations.extend(there.into_iter().filter_map(|group| {
                let function = default_function(&group)?;
                let is_meant = wanted.has_function(function);
                is_meant.then(|| LogDestination { function: function.to_owned(), group: group.clone() })
            })),
            // Where each function is named, the others are known without this call.
            Err(failure) if failure.kind == FailureKind::Denied => found.edge_unlisted = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    for pattern in &wanted.groups {
        match pattern.exact() {
            Some(name) => {
                named.insert(name.to_owned());
                found.whole.insert(name.to_owned());
            }
            None => {
                let there = existing(logs, pattern.literal_start()).await?;
                found.whole.extend(there.into_iter().filter(|group| pattern.fits(group)));
            }
        }
    }
    let inside = configured.into_iter().filter(|(_, group)| found.whole.contains(group));
    found.destinations.extend(inside.map(|(function, group)| LogDestination { function, group }));
    found.may_be_absent.retain(|group| !named.contains(group));
    Ok(found)
}

/// Every function of the region with its group.
async fn listed(functions: &dyn LambdaApi) -> Result<Vec<LogDestination>, CallFailure> {
    let all = paging::all("lambda:ListFunctions", "the region's functions", |token| async move {
        functions.list(token.as_deref()).await
    })
    .await?;
    let destination = |function: super::LambdaFunctionSettings| {
        let by_default = LogDestination::by_default(&function.name);
        LogDestination { group: function.log_group.unwrap_or(by_default.group), ..by_default }
    };
    Ok(all.into_iter().map(destination).collect())
}

/// The names of the groups that begin so.
async fn existing(logs: &dyn LogsApi, start: &str) -> Result<Vec<String>, CallFailure> {
    let groups =
        paging::all(
            "logs:DescribeLogGroups",
            start,
            |token| async move { logs.log_groups(start, token.as_deref()).await },
        )
        .await?;
    Ok(groups.into_iter().map(|group| group.name).collect())
}

/// The failure of reading a group whose class forbids it; `None` if the class is the standard one, or not known. Makes
/// one call of `logs:DescribeLogGroups`: the error that AWS answers a reader with is the same for other reasons.
pub async fn unreadable_class(logs: &dyn LogsApi, group: &str) -> Option<CallFailure> {
    // Names are in order, so the name itself comes before all that begin with it.
    let page = logs.log_groups(group, None).await.ok()?;
    page.items.into_iter().find(|found| found.name == group)?.class.map(|class| class.unreadable(group))
}

impl LogClass {
    /// The failure of reading a group of this class.
    pub fn unreadable(self, group: &str) -> CallFailure {
        CallFailure {
            call: READ.to_owned(),
            resource: group.to_owned(),
            kind: FailureKind::Refused,
            said: format!("its class is {}, and AWS lets only log groups of the class STANDARD be read", self.name()),
            next_step: "the class of a log group cannot be changed: create a log group of the class STANDARD and make it the function's log group (LoggingConfig)"
                .to_owned(),
        }
    }

    /// The name the API has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::InfrequentAccess => "INFREQUENT_ACCESS",
            Self::Delivery => "DELIVERY",
        }
    }
}

#[cfg(test)]
mod tests;
