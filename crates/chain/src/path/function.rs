//! The step to the function.

use account::map::{MapResource, function_named};

use super::steps::PathTarget;
use crate::looked::PathStep;

/// The function that an integration calls; skipped if it calls something else.
pub(super) fn of_integration(integration: &MapResource) -> PathStep<PathTarget> {
    let Some(target) = integration.setting("target") else { return PathStep::Skipped };
    if target.contains("${") {
        let why = format!("the integration names the function by a stage variable: `{target}`");
        return PathStep::Unknown(why);
    }
    match function_named(target) {
        Some(name) => PathStep::Found(PathTarget {
            name: name.to_owned(),
            qualifier: target.split(':').nth(7).filter(|qualifier| !qualifier.is_empty()).map(str::to_owned),
            arn: Some(target.to_owned()),
        }),
        None => PathStep::Skipped,
    }
}

/// The function of a URL, whose id is the function with its qualifier.
pub(super) fn of_url(url: &MapResource) -> PathStep<PathTarget> {
    let (name, qualifier) = match url.id.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
        None => (url.id.as_str(), None),
    };
    PathStep::Found(PathTarget { name: name.to_owned(), qualifier, arn: None })
}
