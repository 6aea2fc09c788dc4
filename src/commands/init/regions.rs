//! The other regions of an account that have anything.

use std::collections::BTreeMap;

use account::map::MapKind;
use aws::AwsClients;
use futures::stream::{self, StreamExt};
use indicatif::ProgressBar;
use model::call_failure::CallFailure;
use source::{AccountSurvey, SurveyStep};

use super::flags::Args;
use crate::commands::context::CommandContext;

/// The regions that every account can use without switching them on.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
const ALWAYS_ON: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];
/// Kinds whose ARNs name the region, each one call where there are few.
const KINDS: &[MapKind] = &[MapKind::Function, MapKind::Certificate];
/// Regions that are asked at the same time.
const AT_ONCE: usize = 8;

/// The regions that are asked, beside the main one: those that were named, or all that are always on.
pub(super) fn candidates(args: &Args, main: Option<&str>) -> Vec<String> {
    let all = match (args.no_other_regions, args.other_region.is_empty()) {
        (true, _) => vec![],
        (false, false) => args.other_region.clone(),
        // Another partition has other regions.
        (false, true) if main.is_some_and(|main| ["cn-", "us-gov-"].iter().any(|start| main.starts_with(start))) => {
            vec![]
        }
        (false, true) => ALWAYS_ON.iter().map(|region| (*region).to_owned()).collect(),
    };
    all.into_iter().filter(|region| Some(region.as_str()) != main).collect()
}

/// What was found in other regions.
#[derive(Default)]
pub(super) struct OtherRegions {
    /// Each region that has anything, with what it has: `2 functions, 1 database`.
    pub(super) used: BTreeMap<String, String>,
    /// The regions that could not be looked at, with the first reason.
    pub(super) failed: BTreeMap<String, CallFailure>,
}

/// Asks each other region of the account for functions, certificates and databases. All calls are free.
pub(super) async fn look(
    args: &Args,
    account: &AwsClients,
    progress: &ProgressBar,
    context: &CommandContext,
) -> OtherRegions {
    progress.set_message("looking at other regions");
    let asked = account.others.iter().map(|other| async move { (other.region.clone(), has(other, context).await) });
    let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut found = OtherRegions::default();
    for (region, answer) in answers {
        match answer {
            // A region that was named is watched, whatever is there.
            Ok(what) if what.is_empty() && args.other_region.contains(&region) => {
                drop(found.used.insert(region, "nothing yet".to_owned()));
            }
            Ok(what) if what.is_empty() => {}
            Ok(what) => drop(found.used.insert(region, what.join(", "))),
            Err(failure) => drop(found.failed.insert(region, failure)),
        }
    }
    found
}

/// What a region has, in words.
async fn has(other: &AwsClients, context: &CommandContext) -> Result<Vec<String>, CallFailure> {
    let mut survey = AccountSurvey::of(other, KINDS);
    let kinds = loop {
        match survey.step(context.clock.now()).await {
            SurveyStep::Done(done) => break done?,
            SurveyStep::Wait(at) => context.clock.wait_until(at, false).await,
        }
    };
    let mut found = Vec::new();
    for (kind, read) in kinds {
        let arns = read?.resources.into_iter().filter_map(|resource| resource.arn);
        found.extend(counted(arns, &other.region, kind.title()));
    }
    let databases = other.resources.db_instances().await?.into_iter().map(|database| database.arn);
    found.extend(counted(databases, &other.region, "database"));
    Ok(found)
}

/// How many ARNs are of a region: an endpoint that answers for all regions alike does not make all of them used.
fn counted(arns: impl Iterator<Item = String>, region: &str, one: &str) -> Option<String> {
    let count = arns.filter(|arn| arn.split(':').nth(3) == Some(region)).count();
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {one}s")),
    }
}
