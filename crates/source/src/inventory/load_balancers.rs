//! Load balancers: in use if they had requests or traffic.

use account::inventory::{MissingDatapoint, Resource, ResourceUsage};
use aws::MetricQuery;
use aws::resources::LoadBalancer;
use model::call_failure::{CallFailure, FailureKind};

use super::look::InventoryContext;

pub(super) const CALLS: &[&str] = &[
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "cloudwatch:GetMetricStatistics",
];

/// What counts the use of a class: namespace, metric, what a day without a point means, and what is said of one without
/// use. <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html>
/// (`RequestCount` is reported where it is not zero),
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html>
/// (`ProcessedBytes` is always reported).
const USE: &[(&str, &str, &str, MissingDatapoint, &str)] = &[
    ("application", "AWS/ApplicationELB", "RequestCount", MissingDatapoint::Nothing, "had no requests"),
    ("network", "AWS/NetworkELB", "ProcessedBytes", MissingDatapoint::Unknown, "had no traffic"),
];

pub(super) async fn read(look: &InventoryContext<'_>) -> Result<Vec<Resource>, CallFailure> {
    let mut all = Vec::new();
    for balancer in look.account.resources.load_balancers().await? {
        let usage = usage(look, &balancer).await?;
        let note = match &usage {
            ResourceUsage::Used => String::new(),
            ResourceUsage::Idle(_) | ResourceUsage::Unknown(_) => targets(look, &balancer.arn).await?,
        };
        all.push(Resource {
            name: Some(balancer.name),
            note,
            monthly_usd: look.monthly("load_balancer", &balancer.class, 1),
            usage,
            id: balancer.arn,
            class: balancer.class,
            state: balancer.state,
            tags: Default::default(),
            created: balancer.created,
        });
    }
    Ok(all)
}

async fn usage(look: &InventoryContext<'_>, balancer: &LoadBalancer) -> Result<ResourceUsage, CallFailure> {
    // Metrics know it by the end of its ARN: `app/name/50dc6c495c0c9188`.
    let (Some((_, known_as)), Some((_, namespace, metric, gap, why))) =
        (balancer.arn.split_once(":loadbalancer/"), USE.iter().find(|(class, ..)| *class == balancer.class))
    else {
        return Ok(ResourceUsage::Unknown("monitor reads no usage metric of this type".to_owned()));
    };
    look.use_by_metric(&MetricQuery::new(namespace, metric, &[("LoadBalancer", known_as)]), balancer.created, *gap, why)
        .await
}

/// How many targets are registered behind it, in words.
async fn targets(look: &InventoryContext<'_>, balancer: &str) -> Result<String, CallFailure> {
    let mut registered = 0;
    let groups = match look.account.resources.target_groups(balancer).await {
        // A balancer that only redirects has no group; this is one of the two ways to say so.
        Err(failure) if failure.kind == FailureKind::NotFound => vec![],
        other => other?,
    };
    for group in groups {
        registered += look.account.resources.targets(&group).await?;
    }
    Ok(match registered {
        0 => "no target is registered".to_owned(),
        1 => "1 target is registered".to_owned(),
        more => format!("{more} targets are registered"),
    })
}
